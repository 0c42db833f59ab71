#include "gateway/source/tpv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/utc.h"

enum { DEPTH_MAX = 16 };

enum token_kind { ABSENT, STRING, NUMBER, OTHER };

/* Where a value stands in the line; strings without their quotes and with escapes as they are: no value that
 * we want ever needs one. */
struct token {
    enum token_kind kind;
    const char *at;
    size_t len;
};

enum key { CLASS, MODE, TIME, LAT, LON, EPH, EPX, EPY, SPEED, TRACK, KEY_COUNT };

static const struct {
    const char *name;
    size_t len;
} keys[KEY_COUNT] = {
    [CLASS] = {"class", 5}, [MODE] = {"mode", 4},   [TIME] = {"time", 4}, [LAT] = {"lat", 3},
    [LON] = {"lon", 3},     [EPH] = {"eph", 3},     [EPX] = {"epx", 3},   [EPY] = {"epy", 3},
    [SPEED] = {"speed", 5}, [TRACK] = {"track", 5},
};

struct scanner {
    const char *at, *end;
    const char *reason; /* of the first fault */
};

static bool fault(struct scanner *s, const char *reason)
{
    s->reason = reason;
    return false;
}

static char peek(const struct scanner *s)
{
    if (s->at == s->end)
        return '\0'; /* no JSON, so it may stand for the end */
    return *s->at;
}

static void spaces(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

static bool accept(struct scanner *s, char c)
{
    spaces(s);
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* After the backslash. */
static bool scan_escape(struct scanner *s)
{
    const char c = peek(s);
    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
        return fault(s, "bad escape in a string");
    s->at++;
    for (int i = 0; c == 'u' && i < 4; i++, s->at++) {
        if (!is_hex(peek(s)))
            return fault(s, "bad escape in a string");
    }
    return true;
}

static bool scan_string(struct scanner *s, struct token *ret)
{
    if (!accept(s, '"'))
        return fault(s, "a string was expected");
    const char *start = s->at;
    while (s->at < s->end) {
        const char c = *s->at++;
        if (c == '"') {
            *ret = (struct token){STRING, start, (size_t)(s->at - 1 - start)};
            return true;
        }
        if ((unsigned char)c < ' ')
            return fault(s, "control character in a string");
        if (c == '\\' && !scan_escape(s))
            return false;
    }
    return fault(s, "string cut short");
}

static bool scan_digits(struct scanner *s)
{
    const char *start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > start || fault(s, "bad number");
}

static bool scan_number(struct scanner *s, struct token *ret)
{
    const char *start = s->at;
    if (peek(s) == '-')
        s->at++;
    const bool zero = peek(s) == '0';
    const char *integer = s->at;
    if (!scan_digits(s))
        return false;
    if (zero && s->at - integer > 1)
        return fault(s, "bad number");
    if (peek(s) == '.') {
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!scan_digits(s))
            return false;
    }
    /* strtod() will read it where it stands, so something that is no number must follow within the line. */
    if (s->at == s->end)
        return fault(s, "object cut short");
    *ret = (struct token){NUMBER, start, (size_t)(s->at - start)};
    return true;
}

static bool scan_word(struct scanner *s, struct token *ret)
{
    static const struct {
        const char *name;
        size_t len;
        enum token_kind kind;
    } words[] = {{"true", 4, OTHER}, {"false", 5, OTHER}, {"null", 4, ABSENT}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((size_t)(s->end - s->at) >= words[i].len && memcmp(s->at, words[i].name, words[i].len) == 0) {
            *ret = (struct token){words[i].kind, s->at, words[i].len};
            s->at += words[i].len;
            return true;
        }
    }
    return fault(s, s->at == s->end ? "object cut short" : "a value was expected");
}

static bool scan_object(struct scanner *s, int depth, struct token found[KEY_COUNT]);
static bool scan_array(struct scanner *s, int depth);

static bool scan_value(struct scanner *s, int depth, struct token *ret)
{
    spaces(s);
    const char c = peek(s);
    if (c == '"')
        return scan_string(s, ret);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s, ret);
    if (c != '{' && c != '[')
        return scan_word(s, ret);
    if (depth == DEPTH_MAX)
        return fault(s, "nested too deep");
    *ret = (struct token){OTHER, s->at, 0};
    return c == '{' ? scan_object(s, depth + 1, NULL) : scan_array(s, depth + 1);
}

static bool scan_array(struct scanner *s, int depth)
{
    struct token value;
    (void)accept(s, '[');
    if (accept(s, ']'))
        return true;
    do {
        if (!scan_value(s, depth, &value))
            return false;
    } while (accept(s, ','));
    return accept(s, ']') || fault(s, "array cut short");
}

static void remember(const struct token *name, const struct token *value, struct token found[KEY_COUNT])
{
    for (int key = 0; key < KEY_COUNT; key++) {
        if (name->len == keys[key].len && name->at[0] == keys[key].name[0] &&
            memcmp(name->at, keys[key].name, name->len) == 0) {
            found[key] = *value;
            return;
        }
    }
}

/* `found` is NULL for an object within, whose members are of no interest. */
static bool scan_object(struct scanner *s, int depth, struct token found[KEY_COUNT])
{
    struct token name, value;
    if (!accept(s, '{'))
        return fault(s, "not a JSON object");
    if (accept(s, '}'))
        return true;
    do {
        if (!scan_string(s, &name))
            return false;
        if (!accept(s, ':'))
            return fault(s, "':' was expected");
        if (!scan_value(s, depth, &value))
            return false;
        if (found != NULL)
            remember(&name, &value, found);
    } while (accept(s, ','));
    return accept(s, '}') || fault(s, "object cut short");
}

static bool read_real(const struct token *token, double *ret)
{
    *ret = NAN;
    if (token->kind == NUMBER)
        *ret = strtod(token->at, NULL);
    return token->kind == NUMBER || token->kind == ABSENT;
}

static bool read_mode(const struct token *token, int *ret)
{
    *ret = 0; /* "not seen yet" */
    if (token->kind == NUMBER && token->len == 1 && token->at[0] <= '3')
        *ret = token->at[0] - '0';
    else if (token->kind != ABSENT)
        return false;
    return true;
}

/* 0 when there is none, or none that is a time: such a report has no believable date, and gps_accept() says
 * so. */
static int64_t read_time(const struct token *token)
{
    char text[UTC_TEXT_LEN];
    int64_t utc_ms;
    if (token->kind != STRING || token->len >= sizeof text)
        return 0;
    memcpy(text, token->at, token->len);
    text[token->len] = '\0';
    return utc_parse(text, &utc_ms) == 0 ? utc_ms : 0;
}

static const char *read_report(const struct token found[KEY_COUNT], struct gps_report *ret)
{
    struct bw_fix *fix = &ret->fix;
    double eph_m, epx_m = NAN, epy_m = NAN;
    if (!read_mode(&found[MODE], &ret->mode))
        return "mode is not 0, 1, 2 or 3";
    if (!read_real(&found[LAT], &fix->position.lat_deg) || !read_real(&found[LON], &fix->position.lon_deg))
        return "lat or lon is no number";
    if (!read_real(&found[SPEED], &fix->speed_mps) || !read_real(&found[TRACK], &fix->course_deg))
        return "speed or track is no number";
    if (!read_real(&found[EPH], &eph_m))
        return "eph is no number";
    if (isnan(eph_m) && (!read_real(&found[EPX], &epx_m) || !read_real(&found[EPY], &epy_m)))
        return "epx or epy is no number";
    fix->position.accuracy_m = gps_accuracy_m(eph_m, epx_m, epy_m);
    ret->utc_ms = read_time(&found[TIME]);
    return NULL;
}

int tpv_parse(const char *line, size_t len, const struct gps_window *window, struct gps_report *ret_report,
              const char **ret_reason)
{
    struct scanner s = {.at = line, .end = line + len};
    struct token found[KEY_COUNT] = {0};
    struct gps_report report;
    spaces(&s);
    *ret_reason = "blank line";
    if (s.at == s.end)
        return -ENOMSG;
    if (!scan_object(&s, 0, found)) {
        *ret_reason = s.reason;
        return -EINVAL;
    }
    spaces(&s);
    *ret_reason = "trailing bytes";
    if (s.at != s.end)
        return -EINVAL;
    const struct token *class = &found[CLASS];
    *ret_reason = "not a position report";
    if (class->kind != STRING || class->len != 3 || memcmp(class->at, "TPV", 3) != 0)
        return -ENOMSG;
    *ret_reason = read_report(found, &report);
    if (*ret_reason != NULL)
        return -EINVAL;
    *ret_reason = gps_settle(&report, window);
    *ret_report = report;
    return 0;
}
