#include "agent_output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void put_u32(unsigned char *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
}

uint32_t get_u32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

bool output_is_full(const struct output *output)
{
	return output->end - output->start >= OUTPUT_BULK;
}

static void move_to_front(struct output *output)
{
	if (output->start == 0)
		return;
	memmove(output->bytes, output->bytes + output->start, output->end - output->start);
	output->end -= output->start;
	output->start = 0;
}

bool output_takes_bulk(const struct output *output)
{
	enum { WORTH_A_FRAME = 4096 };
	return output->end - output->start + FRAME_HEADER + WORTH_A_FRAME <= OUTPUT_BULK;
}

unsigned char *output_bulk(struct output *output, size_t *room)
{
	size_t used = output->end - output->start;
	if (!output_takes_bulk(output))
		return NULL;
	if (output->end > OUTPUT_BULK)
		move_to_front(output);
	*room = OUTPUT_BULK - FRAME_HEADER - used;
	if (*room > PAYLOAD_MAX)
		*room = PAYLOAD_MAX;
	return output->bytes + output->end + FRAME_HEADER;
}

void output_commit(struct output *output, unsigned type, uint32_t stream, size_t length)
{
	unsigned char *header = output->bytes + output->end;
	put_u32(header, (uint32_t)length);
	put_u32(header + 4, stream);
	put_u32(header + 8, type);
	output->end += FRAME_HEADER + length;
}

void output_frame(struct output *output, unsigned type, uint32_t stream, const void *payload, size_t length)
{
	if (OUTPUT_CAPACITY - output->end < FRAME_HEADER + length)
		move_to_front(output);
	if (OUTPUT_CAPACITY - output->end < FRAME_HEADER + length)
		return; /* cannot be: see the head of agent_output.h */
	if (length > 0)
		memcpy(output->bytes + output->end + FRAME_HEADER, payload, length);
	output_commit(output, type, stream, length);
}

bool output_flush(struct output *output, int fd)
{
	while (output->start < output->end) {
		ssize_t written = write(fd, output->bytes + output->start, output->end - output->start);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno == EAGAIN;
		output->start += (size_t)written;
	}
	output->start = output->end = 0;
	return true;
}
