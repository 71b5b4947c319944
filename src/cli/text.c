/* SPDX-License-Identifier: ISC */
/* Texts of the world as UTF-8 that a terminal can show. */
#include "cli/report.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the well-formed character at `text`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *text, size_t left) {
    static const struct {
        unsigned char first, last, low, high, length;
    } forms[] = {
        {0x00, 0x7f, 0x80, 0xbf, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    size_t f = 0;
    while (f < sizeof forms / sizeof *forms &&
           (text[0] < forms[f].first || text[0] > forms[f].last))
        f++;
    if (f == sizeof forms / sizeof *forms || forms[f].length > left)
        return 0;
    for (size_t i = 1; i < forms[f].length; i++)
        if (text[i] < (i == 1 ? forms[f].low : 0x80) || text[i] > (i == 1 ? forms[f].high : 0xbf))
            return 0;
    return forms[f].length;
}

static bool is_utf8(const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        const size_t length = utf8_length((const unsigned char *)text + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* Control characters, C1 (U+0080..9F) too, could steer the terminal. */
static void replace_controls(char *text) {
    char *to = text;
    for (const unsigned char *c = (unsigned char *)text; *c; c++) {
        const bool is_c1 = c[0] == 0xc2 && c[1] < 0xa0;
        if (*c == '\t' || *c == '\n' || *c == '\r')
            *to++ = ' ';
        else
            *to++ = *c < ' ' || *c == 127 || is_c1 ? '?' : (char)*c;
        c += is_c1;
    }
    *to = '\0';
}

bool nm_report_has_charset(const char *charset) {
    if (strcmp(charset, "auto") == 0)
        return true;
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return false;
    iconv_close(converter);
    return true;
}

/* A NUL would hide what comes after it. */
static char *copy_utf8(const char *bytes, size_t size) {
    char *copy = calloc(size + 1, 1);
    for (size_t i = 0; copy && i < size; i++)
        copy[i] = bytes[i] ? bytes[i] : ' ';
    return copy;
}

/* Converts, with '?' for each byte that is no text. `out` has room for 4 bytes a byte. */
static char *convert(iconv_t converter, char *in, size_t left, char *out) {
    size_t room = 4 * left;
    while (left > 0 && iconv(converter, &in, &left, &out, &room) == (size_t)-1 && left > 0) {
        in++;
        left--;
        *out++ = '?';
        room--;
    }
    return out;
}

static char *copy_converted(const char *bytes, size_t size, const char *charset) {
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return NULL;
    char *in = malloc(size + 1), *out = calloc(size + 1, 4);
    if (in && out) {
        memcpy(in, bytes, size);
        *convert(converter, in, size, out) = '\0';
    }
    iconv_close(converter);
    free(in);
    return out;
}

char *nm_report_utf8(const char *bytes, size_t size, const char *charset) {
    const bool is_auto = strcmp(charset, "auto") == 0;
    char *text = is_auto && is_utf8(bytes, size)
                     ? copy_utf8(bytes, size)
                     : copy_converted(bytes, size, is_auto ? "ISO-8859-1" : charset);
    if (text)
        replace_controls(text);
    return text;
}
