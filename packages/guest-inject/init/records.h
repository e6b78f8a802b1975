/* Lines of `name field …`, as init.conf and the agent's payloads have them (init-conf.md): fields are bytes, those outside of
 * 0x21 to 0x7e and backslash are written \xHH, an empty field is \e. An escaped NUL is refused: no field here may hold one, so
 * fields are C strings. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#define RECORD_MAX_FIELDS 8

struct record {
	const char *name;
	size_t count;
	const char *fields[RECORD_MAX_FIELDS]; /* those past `count` are NULL */
};

/* Reads records out of bytes that it may change: names and fields point into them and live as long. */
struct record_reader {
	char *next, *end;
	unsigned line; /* of the record read last, from 1 */
};

enum record_result {
	RECORD_READ,
	RECORD_END,
	RECORD_MALFORMED, /* a raw byte that must be escaped, a bad escape, an empty field or name, too many fields, no \n */
};

void records_open(struct record_reader *reader, char *bytes, size_t length);

/* Passes over empty lines and comments. */
enum record_result records_next(struct record_reader *reader, struct record *record);

/* Decimal digits alone, no sign, at most `max`. */
bool record_number(const char *field, unsigned long long max, unsigned long long *value);

/* Octal digits alone, at most 07777. */
bool record_mode(const char *field, unsigned *mode);

/* Writes records into memory of the caller. What does not fit is left out and sets `overflow`. */
struct record_writer {
	char *bytes;
	size_t capacity, length;
	bool overflow;
};

void records_begin(struct record_writer *writer, char *bytes, size_t capacity);

/* A record is: one `record_begin`, its fields, `record_end`. */
void record_begin(struct record_writer *writer, const char *name);
void record_field(struct record_writer *writer, const char *field);
void record_field_number(struct record_writer *writer, unsigned long long value);
void record_field_octal(struct record_writer *writer, unsigned value);
void record_end(struct record_writer *writer);

#endif
