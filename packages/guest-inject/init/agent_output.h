/* Frames on their way to one host: a buffer of fixed size. Bulk data stops at OUTPUT_BULK; the room beyond is for the answers and ends
 * of streams, whose number is bounded, so that they never have to wait for a host that does not read. */
#ifndef AGENT_OUTPUT_H
#define AGENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_HEADER = 12, PAYLOAD_MAX = 65536, OUTPUT_BULK = 131072, OUTPUT_CAPACITY = 262144 };

struct output {
	unsigned char *bytes; /* OUTPUT_CAPACITY */
	size_t start, end;
};

/* Nothing that asks for more output should be taken up now. */
bool output_is_full(const struct output *output);

/* Whether `output_bulk` has room now. */
bool output_takes_bulk(const struct output *output);

/* A place for the payload of the next frame, of up to `*room` bytes for bulk data; NULL if the host must read first. */
unsigned char *output_bulk(struct output *output, size_t *room);

/* The payload that was written to the place of `output_bulk` becomes a frame. */
void output_commit(struct output *output, unsigned type, uint32_t stream, size_t length);

void output_frame(struct output *output, unsigned type, uint32_t stream, const void *payload, size_t length);

/* Writes what the descriptor takes. False if it never will take more. */
bool output_flush(struct output *output, int fd);

void put_u32(unsigned char *bytes, uint32_t value);
uint32_t get_u32(const unsigned char *bytes);

#endif
