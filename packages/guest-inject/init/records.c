#include "records.h"

#include <string.h>

void records_open(struct record_reader *reader, char *bytes, size_t length)
{
	*reader = (struct record_reader){ .next = bytes, .end = bytes + length };
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* Unescapes a word in place (it only shrinks) and ends it with a NUL, for which its caller has room. */
static bool unescape(char *word, const char *end)
{
	char *out = word;

	if (word == end)
		return false;
	if (end - word == 2 && word[0] == '\\' && word[1] == 'e') {
		*word = '\0';
		return true;
	}
	for (const char *in = word; in < end; in++) {
		if (*in <= ' ' || *in > '~') /* `char` may be signed: bytes over 0x7f are below the space or above the tilde */
			return false;
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		if (end - in < 4 || in[1] != 'x')
			return false;
		int high = hex_digit(in[2]), low = hex_digit(in[3]);
		if (high < 0 || low < 0 || (high | low) == 0)
			return false;
		*out++ = (char)(high * 16 + low);
		in += 3;
	}
	*out = '\0';
	return true;
}

static enum record_result read_line(char *line, char *end, struct record *record)
{
	const char **fields = record->fields;

	*record = (struct record){ 0 };
	for (char *word = line;; word++) {
		char *stop = memchr(word, ' ', (size_t)(end - word));
		bool last = stop == NULL;

		if (last)
			stop = end; /* the line's \n becomes the NUL */
		if (!unescape(word, stop))
			return RECORD_MALFORMED;
		*stop = '\0';
		if (record->name == NULL)
			record->name = word;
		else if (record->count == RECORD_MAX_FIELDS)
			return RECORD_MALFORMED;
		else
			fields[record->count++] = word;
		if (last)
			return RECORD_READ;
		word = stop;
	}
}

enum record_result records_next(struct record_reader *reader, struct record *record)
{
	while (reader->next < reader->end) {
		char *line = reader->next;
		char *end = memchr(line, '\n', (size_t)(reader->end - line));

		reader->line++;
		if (end == NULL) {
			reader->next = reader->end;
			return RECORD_MALFORMED;
		}
		reader->next = end + 1;
		if (line == end || *line == '#')
			continue;
		return read_line(line, end, record);
	}
	return RECORD_END;
}

bool record_number(const char *field, unsigned long long max, unsigned long long *value)
{
	unsigned long long number = 0;

	if (*field == '\0')
		return false;
	for (; *field != '\0'; field++) {
		if (*field < '0' || *field > '9')
			return false;
		unsigned digit = (unsigned)(*field - '0');
		if (number > (max - digit) / 10 || digit > max)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}

bool record_mode(const char *field, unsigned *mode)
{
	unsigned number = 0;

	if (*field == '\0')
		return false;
	for (; *field != '\0'; field++) {
		if (*field < '0' || *field > '7' || number > 0777)
			return false;
		number = number * 8 + (unsigned)(*field - '0');
	}
	*mode = number;
	return true;
}

void records_begin(struct record_writer *writer, char *bytes, size_t capacity)
{
	*writer = (struct record_writer){ .bytes = bytes, .capacity = capacity };
}

static void put(struct record_writer *writer, char byte)
{
	if (writer->length == writer->capacity) {
		writer->overflow = true;
		return;
	}
	writer->bytes[writer->length++] = byte;
}

void record_begin(struct record_writer *writer, const char *name)
{
	for (; *name != '\0'; name++)
		put(writer, *name);
}

void record_field(struct record_writer *writer, const char *field)
{
	static const char digits[] = "0123456789abcdef";

	put(writer, ' ');
	if (*field == '\0') {
		put(writer, '\\');
		put(writer, 'e');
	}
	for (; *field != '\0'; field++) {
		unsigned char byte = (unsigned char)*field;

		if (byte > ' ' && byte <= '~' && byte != '\\') {
			put(writer, *field);
			continue;
		}
		put(writer, '\\');
		put(writer, 'x');
		put(writer, digits[byte >> 4]);
		put(writer, digits[byte & 15]);
	}
}

static void field_in_base(struct record_writer *writer, unsigned long long value, unsigned base)
{
	char digits[24];
	size_t at = sizeof digits;

	digits[--at] = '\0';
	do
		digits[--at] = (char)('0' + value % base);
	while ((value /= base) != 0);
	record_field(writer, digits + at);
}

void record_field_number(struct record_writer *writer, unsigned long long value)
{
	field_in_base(writer, value, 10);
}

void record_field_octal(struct record_writer *writer, unsigned value)
{
	field_in_base(writer, value, 8);
}

void record_end(struct record_writer *writer)
{
	put(writer, '\n');
}
