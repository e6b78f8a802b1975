/** The superblock of an empty journal (ext4 documentation, "Journal (jbd2)"): big-endian, unlike all else. */
const magic = 0xc03b_3998;

/** Block type: superblock, version 2. */
const superblockV2 = 4;

/**
 * `blocks` is the length of the journal. The feature words stay 0: the first mount that may write sets the ones it wants,
 * and with them a checksum.
 */
export function encodeJournalSuperblock(blockSize: number, blocks: number, uuid: Buffer): Buffer {
  const block = Buffer.alloc(1024);
  block.writeUInt32BE(magic, 0x00);
  block.writeUInt32BE(superblockV2, 0x04);
  block.writeUInt32BE(blockSize, 0x0c);
  block.writeUInt32BE(blocks, 0x10);
  block.writeUInt32BE(1, 0x14); // s_first: the log begins after this block
  block.writeUInt32BE(1, 0x18); // s_sequence
  uuid.copy(block, 0x30);
  block.writeUInt32BE(1, 0x40); // s_nr_users
  return block;
}
