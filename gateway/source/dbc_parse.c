/* The reader of DBC files. */
#include "gateway/source/dbc_tables.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_LEN = 129 };           /* C identifiers of the format have up to 128 characters */
enum { MESSAGE_BYTES_MAX = 1785 }; /* the longest J1939 transport message */

static const uint32_t STANDARD_ID_MAX = 0x7ff, EXTENDED_ID_MAX = 0x1fffffff;
/* VECTOR__INDEPENDENT_SIG_MSG: where editors keep signals that belong to no message. */
static const uint32_t ORPHANS_ID = 0xc0000000;

struct parser {
    const char *name;
    struct dbc *dbc;
    char *next;         /* rest of the text, NUL-terminated */
    unsigned line;      /* number of the line at hand */
    unsigned next_line; /* number of the line at `next` */
    bool in_message;    /* SG_ may follow */
    bool in_orphans;    /* SG_ is skipped */
    bool j1939;         /* messages are, when they do not say otherwise */
    char *error;
};

static int fail(const struct parser *p, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const struct parser *p, int err, const char *format, ...)
{
    char reason[DBC_ERROR_LEN];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    (void)snprintf(p->error, DBC_ERROR_LEN, "%.150s:%u: %.90s", p->name, p->line, reason);
    return err;
}

/* Room for one more element in a growing array. */
static void *grown(void *array, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return array;
    const size_t more = *room == 0 ? 64 : *room * 2;
    void *bigger = realloc(array, more * size);
    if (bigger != NULL)
        *room = more;
    return bigger;
}

/* ---- words and numbers of a line: each skips blanks first and moves on only when it succeeds ---- */

static const char *blank(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static bool literal(const char **at, char c)
{
    const char *p = blank(*at);
    if (*p != c)
        return false;
    *at = p + 1;
    return true;
}

static bool word(const char **at, char ret[WORD_LEN])
{
    const char *p = blank(*at);
    size_t n = 0;
    while (p[n] != '\0' && p[n] != ':' && !isspace((unsigned char)p[n]))
        n++;
    if (n == 0 || n >= WORD_LEN)
        return false;
    memcpy(ret, p, n);
    ret[n] = '\0';
    *at = p + n;
    return true;
}

static bool integer(const char **at, uint64_t max, uint64_t *ret)
{
    const char *p = blank(*at);
    char *end;
    if (!isdigit((unsigned char)*p))
        return false;
    errno = 0;
    const unsigned long long value = strtoull(p, &end, 10);
    if (errno != 0 || value > max)
        return false;
    *at = end;
    *ret = value;
    return true;
}

static bool real(const char **at, double *ret)
{
    char *end;
    const double value = strtod(*at, &end);
    if (end == *at || !isfinite(value))
        return false;
    *at = end;
    *ret = value;
    return true;
}

static bool quoted(const char **at, const char **ret_start, size_t *ret_len)
{
    const char *p = *at;
    if (!literal(&p, '"'))
        return false;
    const char *end = strchr(p, '"');
    if (end == NULL)
        return false;
    *ret_start = p;
    *ret_len = (size_t)(end - p);
    *at = end + 1;
    return true;
}

/* ---- BO_ ---- */

/* BO_ 36 KINEMATICS: 8 XXX */
static int parse_message(struct parser *p, const char *at)
{
    uint64_t id, bytes;
    char name[WORD_LEN];
    p->in_message = p->in_orphans = false;
    if (!integer(&at, UINT32_MAX, &id))
        return fail(p, -EINVAL, "BO_: an identifier was expected");
    if (!word(&at, name) || !literal(&at, ':'))
        return fail(p, -EINVAL, "BO_ %llu: a name and ':' were expected", (unsigned long long)id);
    if (!integer(&at, MESSAGE_BYTES_MAX, &bytes))
        return fail(p, -EINVAL, "BO_ %s: a length of 0 to %d bytes was expected", name, MESSAGE_BYTES_MAX);
    if (id == ORPHANS_ID) {
        p->in_orphans = true;
        return 0;
    }
    const uint32_t key = (uint32_t)id;
    const bool extended = (key & EXTENDED_FLAG) != 0;
    if ((key & ~EXTENDED_FLAG) > (extended ? EXTENDED_ID_MAX : STANDARD_ID_MAX))
        return fail(p, -EINVAL, "BO_ %s: identifier %u out of range", name, key);
    struct dbc *dbc = p->dbc;
    if (dbc->n_messages == DBC_MESSAGES_MAX)
        return fail(p, -EFBIG, "more than %d messages", DBC_MESSAGES_MAX);
    struct message *messages = grown(dbc->messages, dbc->n_messages, &dbc->messages_room, sizeof *messages);
    if (messages == NULL)
        return fail(p, -ENOMEM, "out of memory");
    dbc->messages = messages;
    struct message *message = &messages[dbc->n_messages];
    *message = (struct message){
        .name = strdup(name), .key = key, .line = p->line, .bytes = (unsigned)bytes, .first = dbc->n_signals};
    if (message->name == NULL)
        return fail(p, -ENOMEM, "out of memory");
    dbc->n_messages++;
    p->in_message = true;
    return 0;
}

/* ---- SG_ ---- */

/* "", "M", "m12" or "m12M" before the colon */
static int parse_role(const struct parser *p, const char **at, struct signal *signal)
{
    char text[WORD_LEN];
    if (literal(at, ':'))
        return 0;
    if (!word(at, text) || !literal(at, ':'))
        return fail(p, -EINVAL, "SG_ %s: ':' was expected", signal->name);
    if (strcmp(text, "M") == 0) {
        signal->multiplexor = true;
        return 0;
    }
    const char *digits = text + 1;
    uint64_t select;
    if (text[0] != 'm' || !integer(&digits, UINT32_MAX, &select))
        return fail(p, -EINVAL, "SG_ %s: M or m and a number was expected before ':'", signal->name);
    signal->multiplexed = true;
    signal->multiplexor = strcmp(digits, "M") == 0;
    signal->select = (uint32_t)select;
    if (*digits != '\0' && !signal->multiplexor)
        return fail(p, -EINVAL, "SG_ %s: bad multiplexor value %.20s", signal->name, text);
    return 0;
}

/* 7|16@0+ */
static int parse_bits(const struct parser *p, const char **at, unsigned message_bytes, struct signal *signal)
{
    const char *name = signal->name;
    uint64_t start, length, order;
    if (!integer(at, MESSAGE_BYTES_MAX * 8 - 1, &start) || !literal(at, '|'))
        return fail(p, -EINVAL, "SG_ %s: a start bit and '|' were expected", name);
    if (!integer(at, 64, &length) || length == 0)
        return fail(p, -EINVAL, "SG_ %s: a length of 1 to 64 bits was expected", name);
    if (!literal(at, '@') || !integer(at, 1, &order))
        return fail(p, -EINVAL, "SG_ %s: @0 or @1 was expected", name);
    signal->shown.is_signed = literal(at, '-');
    if (!signal->shown.is_signed && !literal(at, '+'))
        return fail(p, -EINVAL, "SG_ %s: + or - was expected after the byte order", name);
    signal->shown.big_endian = order == 0;
    signal->shown.length_bits = (uint8_t)length;
    signal->shown.start_bit = (uint16_t)start;
    /* Big endian signals give their most significant bit, numbered 7..0 15..8 and so on. */
    const uint64_t first = order == 0 ? start / 8 * 8 + (7 - start % 8) : start, end = first + length;
    if (end > message_bytes * 8UL)
        return fail(p, -EINVAL, "SG_ %s: does not fit its message of %u bytes", name, message_bytes);
    signal->bytes = (uint16_t)((end + 7) / 8);
    signal->mask = UINT64_MAX >> (64 - length);
    if (end <= 64)
        signal->shift = (uint8_t)(order == 0 ? 64 - end : first);
    return 0;
}

/* (0.01,-67.67) [0|250] "km/h" */
static int parse_scale(const struct parser *p, const char **at, struct signal *signal)
{
    struct dbc_signal *shown = &signal->shown;
    const char *unit;
    size_t unit_len;
    if (!literal(at, '(') || !real(at, &shown->factor) || !literal(at, ',') || !real(at, &shown->offset) ||
        !literal(at, ')'))
        return fail(p, -EINVAL, "SG_ %s: (factor,offset) was expected", signal->name);
    if (!literal(at, '[') || !real(at, &shown->minimum) || !literal(at, '|') || !real(at, &shown->maximum) ||
        !literal(at, ']'))
        return fail(p, -EINVAL, "SG_ %s: [minimum|maximum] was expected", signal->name);
    if (!quoted(at, &unit, &unit_len))
        return fail(p, -EINVAL, "SG_ %s: a unit in quotes was expected", signal->name);
    signal->unit = strndup(unit, unit_len);
    return signal->unit != NULL ? 0 : fail(p, -ENOMEM, "out of memory");
}

/* SG_ SPEED m2 : 47|16@0+ (0.01,0) [0|250] "km/h" XXX, into a signal that dbc_free() releases also when this
 * fails */
static int parse_signal(struct parser *p, const char *at)
{
    struct dbc *dbc = p->dbc;
    char name[WORD_LEN];
    if (p->in_orphans)
        return 0;
    if (!p->in_message)
        return fail(p, -EINVAL, "SG_ before any BO_");
    if (!word(&at, name))
        return fail(p, -EINVAL, "SG_: a name was expected");
    if (dbc->n_signals == DBC_SIGNALS_MAX)
        return fail(p, -EFBIG, "more than %d signals", DBC_SIGNALS_MAX);
    struct signal *signals = grown(dbc->signals, dbc->n_signals, &dbc->signals_room, sizeof *signals);
    if (signals == NULL)
        return fail(p, -ENOMEM, "out of memory");
    dbc->signals = signals;
    struct message *message = &dbc->messages[dbc->n_messages - 1];
    struct signal *signal = &signals[dbc->n_signals++];
    *signal = (struct signal){.name = strdup(name), .line = p->line, .mux = SIZE_MAX};
    message->n++;
    if (signal->name == NULL)
        return fail(p, -ENOMEM, "out of memory");
    int err = parse_role(p, &at, signal);
    if (err == 0)
        err = parse_bits(p, &at, message->bytes, signal);
    if (err == 0)
        err = parse_scale(p, &at, signal);
    if (err < 0)
        return err;
    signal->shown.name = signal->name;
    signal->shown.unit = signal->unit;
    signal->shown.line = signal->line;
    signal->shown.id = message->key & ~EXTENDED_FLAG;
    signal->shown.extended = (message->key & EXTENDED_FLAG) != 0;
    return 0;
}

/* ---- what is said of messages and signals further down ---- */

static struct message *find_message(const struct dbc *dbc, uint64_t key)
{
    for (size_t m = 0; m < dbc->n_messages; m++) { /* not sorted yet */
        if (dbc->messages[m].key == key)
            return &dbc->messages[m];
    }
    return NULL;
}

static struct signal *find_in_message(const struct dbc *dbc, const struct message *message, const char *name)
{
    for (size_t i = 0; message != NULL && i < message->n; i++) {
        if (strcmp(dbc->signals[message->first + i].name, name) == 0)
            return &dbc->signals[message->first + i];
    }
    return NULL;
}

static struct signal *find_signal(const struct dbc *dbc, uint64_t key, const char *name)
{
    return find_in_message(dbc, find_message(dbc, key), name);
}

/* SIG_VALTYPE_ 100 TEMPERATURE : 1; where 0 is an integer, 1 a float of 32 bits, 2 one of 64 */
static int parse_value_type(struct parser *p, const char *at)
{
    uint64_t key, type;
    char name[WORD_LEN];
    if (!integer(&at, UINT32_MAX, &key) || !word(&at, name))
        return fail(p, -EINVAL, "SIG_VALTYPE_: an identifier and a name were expected");
    (void)literal(&at, ':'); /* some editors leave it out */
    if (!integer(&at, 2, &type) || !literal(&at, ';'))
        return fail(p, -EINVAL, "SIG_VALTYPE_ %s: 0, 1 or 2 and ';' were expected", name);
    if (key == ORPHANS_ID || type == 0)
        return 0;
    struct signal *signal = find_signal(p->dbc, (uint32_t)key, name);
    if (signal == NULL)
        return fail(p, -EINVAL, "SIG_VALTYPE_ %s: there is no such signal in message %llu", name,
                    (unsigned long long)key);
    if (signal->shown.length_bits != type * 32)
        return fail(p, -EINVAL, "SIG_VALTYPE_ %s: a float of %u bits", name,
                    (unsigned)signal->shown.length_bits);
    signal->shown.is_float = true;
    return 0;
}

static int add_range(struct parser *p, struct signal *signal, uint64_t low, uint64_t high)
{
    struct dbc *dbc = p->dbc;
    if (dbc->n_ranges == DBC_RANGES_MAX)
        return fail(p, -EFBIG, "more than %d multiplexor values", DBC_RANGES_MAX);
    struct range *ranges = grown(dbc->ranges, dbc->n_ranges, &dbc->ranges_room, sizeof *ranges);
    if (ranges == NULL)
        return fail(p, -ENOMEM, "out of memory");
    dbc->ranges = ranges;
    ranges[dbc->n_ranges++] = (struct range){(uint32_t)low, (uint32_t)high};
    signal->n_ranges++;
    return 0;
}

/* "0-3, 5-5;" as the values by which `signal` is there */
static int parse_ranges(struct parser *p, const char *at, struct signal *signal)
{
    uint64_t low, high;
    signal->first_range = p->dbc->n_ranges;
    do {
        if (!integer(&at, UINT32_MAX, &low) || !literal(&at, '-') || !integer(&at, UINT32_MAX, &high) ||
            high < low)
            return fail(p, -EINVAL, "SG_MUL_VAL_ %s: a range such as 0-3 was expected", signal->name);
        const int err = add_range(p, signal, low, high);
        if (err < 0)
            return err;
    } while (literal(&at, ','));
    return literal(&at, ';') ? 0 : fail(p, -EINVAL, "SG_MUL_VAL_ %s: ';' was expected", signal->name);
}

/* SG_MUL_VAL_ 100 TEMPERATURE WHICH 0-3, 5-5; */
static int parse_multiplexing(struct parser *p, const char *at)
{
    uint64_t key;
    char name[WORD_LEN], by[WORD_LEN];
    if (!integer(&at, UINT32_MAX, &key) || !word(&at, name) || !word(&at, by))
        return fail(p, -EINVAL, "SG_MUL_VAL_: an identifier and two names were expected");
    struct signal *signal = find_signal(p->dbc, key, name), *mux = find_signal(p->dbc, key, by);
    if (signal == NULL || mux == NULL)
        return fail(p, -EINVAL, "SG_MUL_VAL_ %s: there is no such signal in message %llu",
                    signal == NULL ? name : by, (unsigned long long)key);
    if (!signal->multiplexed || !mux->multiplexor)
        return fail(p, -EINVAL, "SG_MUL_VAL_ %s: %s", signal->name,
                    signal->multiplexed ? "what selects it is no multiplexor" : "it is not multiplexed");
    if (signal->mux != SIZE_MAX)
        return fail(p, -EINVAL, "SG_MUL_VAL_ %s: given twice", name);
    signal->mux = (size_t)(mux - p->dbc->signals);
    return parse_ranges(p, at, signal);
}

static const char FRAME_FORMAT[] = "VFrameFormat";

/* `text` in quotes */
static bool named(const char **at, const char *text)
{
    const char *start;
    size_t len;
    return quoted(at, &start, &len) && len == strlen(text) && strncmp(start, text, len) == 0;
}

/* BA_ "VFrameFormat" BO_ 2566844672 3; where the fourth of Vector's formats is J1939PG. Other attributes are
 * skipped. */
static int parse_attribute(struct parser *p, const char *at)
{
    char of[WORD_LEN];
    uint64_t key, format;
    if (!named(&at, FRAME_FORMAT))
        return 0;
    if (!word(&at, of) || strcmp(of, "BO_") != 0 || !integer(&at, UINT32_MAX, &key) ||
        !integer(&at, UINT32_MAX, &format))
        return fail(p, -EINVAL, "BA_ VFrameFormat: BO_, an identifier and a number were expected");
    struct message *message = find_message(p->dbc, key);
    if (message == NULL)
        return key == ORPHANS_ID
                   ? 0
                   : fail(p, -EINVAL, "BA_ VFrameFormat: there is no message %llu", (unsigned long long)key);
    message->format = format == 3 ? FORMAT_J1939 : FORMAT_EXACT;
    return 0;
}

/* BA_DEF_DEF_ "VFrameFormat" "J1939PG"; */
static int parse_attribute_default(struct parser *p, const char *at)
{
    if (named(&at, FRAME_FORMAT))
        p->j1939 = named(&at, "J1939PG");
    return 0;
}

/* ---- the file ---- */

/* Takes the next line off the text; it goes on while a string is open. 1, 0 at the end, or an error. */
static int next_line(struct parser *p, const char **ret_line)
{
    if (*p->next == '\0')
        return 0;
    char *at = p->next;
    bool in_string = false;
    p->line = p->next_line;
    for (; *at != '\0' && (in_string || *at != '\n'); at++) {
        if (in_string && at[0] == '\\' && at[1] == '"')
            at++;
        else if (*at == '"')
            in_string = !in_string;
        if (*at == '\n')
            p->next_line++;
    }
    if (in_string)
        return fail(p, -EINVAL, "a string that begins here does not end");
    *ret_line = p->next;
    if (*at == '\n') {
        p->next_line++;
        *at++ = '\0';
    }
    p->next = at;
    return 1;
}

static int parse_lines(struct parser *p)
{
    static const struct {
        const char *keyword;
        int (*parse)(struct parser *, const char *);
    } statements[] = {
        {"BO_", parse_message},
        {"SG_", parse_signal},
        {"SIG_VALTYPE_", parse_value_type},
        {"SG_MUL_VAL_", parse_multiplexing},
        {"BA_", parse_attribute},
        {"BA_DEF_DEF_", parse_attribute_default},
    };
    const char *at;
    for (;;) {
        const int more = next_line(p, &at);
        if (more <= 0)
            return more;
        char keyword[WORD_LEN];
        if (!word(&at, keyword) || *blank(at) == '\0')
            continue; /* empty, or one of the names that an NS_ section lists */
        for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
            if (strcmp(keyword, statements[i].keyword) != 0)
                continue;
            const int err = statements[i].parse(p, at);
            if (err < 0)
                return err;
        }
    }
}

static int compare_messages(const void *a, const void *b)
{
    const struct message *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->line > y->line) - (x->line < y->line);
}

/* What selects a signal that no SG_MUL_VAL_ speaks of: the one multiplexor that its message has besides. */
static int find_multiplexor(struct parser *p, const struct message *message, size_t signal)
{
    struct dbc *dbc = p->dbc;
    struct signal *selected = &dbc->signals[signal];
    size_t n = 0;
    for (size_t i = message->first; i < message->first + message->n; i++) {
        if (i == signal || !dbc->signals[i].multiplexor)
            continue;
        selected->mux = i;
        n++;
    }
    if (n != 1)
        return fail(p, -EINVAL,
                    n == 0 ? "signal %s is multiplexed, but the message has no multiplexor"
                           : "signal %s: SG_MUL_VAL_ must say by which multiplexor",
                    selected->name);
    selected->first_range = dbc->n_ranges;
    return add_range(p, selected, selected->select, selected->select);
}

static int check_depth(const struct parser *p, const struct signal *signal)
{
    const struct signal *at = signal;
    for (int depth = 0; at->mux != SIZE_MAX; depth++) {
        if (depth == DBC_MULTIPLEX_DEPTH_MAX)
            return fail(p, -EINVAL, "signal %s: multiplexors select one another, or more than %d deep",
                        signal->name, DBC_MULTIPLEX_DEPTH_MAX);
        at = &p->dbc->signals[at->mux];
    }
    return 0;
}

static int check_signals(struct parser *p, const struct message *message)
{
    int err = 0;
    const size_t end = message->first + message->n;
    for (size_t i = message->first; i < end && err == 0; i++) {
        const struct signal *signal = &p->dbc->signals[i];
        p->line = signal->line;
        if (signal->multiplexed && signal->mux == SIZE_MAX)
            err = find_multiplexor(p, message, i);
    }
    for (size_t i = message->first; i < end && err == 0; i++) {
        p->line = p->dbc->signals[i].line;
        err = check_depth(p, &p->dbc->signals[i]);
    }
    return err;
}

/* What only the whole file can tell. */
static int finish(struct parser *p)
{
    struct dbc *dbc = p->dbc;
    if (dbc->n_messages > 0)
        qsort(dbc->messages, dbc->n_messages, sizeof dbc->messages[0], compare_messages);
    for (size_t m = 0; m < dbc->n_messages; m++) {
        struct message *message = &dbc->messages[m];
        const bool extended = (message->key & EXTENDED_FLAG) != 0;
        p->line = message->line;
        if (m > 0 && message->key == dbc->messages[m - 1].key)
            return fail(p, -EINVAL, "message %u is defined in line %u already", message->key,
                        dbc->messages[m - 1].line);
        const int err = check_signals(p, message);
        if (err < 0)
            return err;
        if (message->format == FORMAT_DEFAULT && p->j1939)
            message->format = FORMAT_J1939;
        if (!extended)
            message->format = FORMAT_EXACT;
        if (!extended)
            dbc->standard[message->key] = (uint16_t)(m + 1);
        dbc->has_j1939 |= message->format == FORMAT_J1939;
    }
    return 0;
}

/* Takes over `text`, which is NUL-terminated after len bytes. */
static int parse_text(const char *name, char *text, size_t len, char ret_error[DBC_ERROR_LEN],
                      struct dbc **ret_dbc)
{
    static const char BOM[] = "\xef\xbb\xbf";
    struct dbc *dbc = calloc(1, sizeof *dbc);
    struct parser p = {.name = name, .dbc = dbc, .next = text, .next_line = 1, .line = 1, .error = ret_error};
    int err;
    if (dbc == NULL) {
        err = fail(&p, -ENOMEM, "out of memory");
        goto done;
    }
    if (strlen(text) != len) {
        err = fail(&p, -EINVAL, "a NUL byte in the text");
        goto done;
    }
    if (strncmp(text, BOM, strlen(BOM)) == 0)
        p.next += strlen(BOM);
    err = parse_lines(&p);
    if (err < 0)
        goto done;
    err = finish(&p);
    if (err < 0)
        goto done;
    *ret_dbc = dbc;
    dbc = NULL; /* handed over */
done:
    dbc_free(dbc);
    free(text);
    return err;
}

int dbc_parse(const char *name, const char *text, size_t len, char ret_error[DBC_ERROR_LEN],
              struct dbc **ret_dbc)
{
    const struct parser p = {.name = name, .line = 1, .error = ret_error};
    if (len > DBC_TEXT_MAX)
        return fail(&p, -EFBIG, "larger than %d bytes", DBC_TEXT_MAX);
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return fail(&p, -ENOMEM, "out of memory");
    memcpy(copy, text, len);
    copy[len] = '\0';
    return parse_text(name, copy, len, ret_error, ret_dbc);
}

/* The rest of `file` into *ret_text, NUL-terminated. */
static int read_all(FILE *file, char **ret_text, size_t *ret_len)
{
    size_t room = 65536, len = 0;
    char *text = malloc(room + 1);
    while (text != NULL) {
        len += fread(text + len, 1, room - len, file);
        if (ferror(file) || len > DBC_TEXT_MAX) {
            free(text);
            return ferror(file) ? -errno : -EFBIG;
        }
        if (len < room) {
            text[len] = '\0';
            *ret_text = text;
            *ret_len = len;
            return 0;
        }
        room *= 2;
        char *bigger = realloc(text, room + 1);
        if (bigger == NULL)
            free(text);
        text = bigger;
    }
    return -ENOMEM;
}

static int cannot_read(const char *path, int err, char ret_error[DBC_ERROR_LEN])
{
    char reason[80];
    if (strerror_r(-err, reason, sizeof reason) != 0)
        (void)snprintf(reason, sizeof reason, "error %d", -err);
    (void)snprintf(ret_error, DBC_ERROR_LEN, "%.150s: %s", path, reason);
    return err;
}

int dbc_load(const char *path, char ret_error[DBC_ERROR_LEN], struct dbc **ret_dbc)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return cannot_read(path, -errno, ret_error);
    const int err = read_all(file, &text, &len);
    (void)fclose(file); /* nothing was written */
    if (err < 0)
        return cannot_read(path, err, ret_error);
    return parse_text(path, text, len, ret_error, ret_dbc);
}
