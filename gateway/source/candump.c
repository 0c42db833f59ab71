#include "gateway/source/candump.h"

#include <errno.h>
#include <string.h>

#include "gateway/source/hex.h"

static const size_t SECONDS_DIGITS_MAX = 12, FRACTION_DIGITS_MAX = 9;
static const size_t STANDARD_ID_DIGITS = 3, EXTENDED_ID_DIGITS = 8;
static const uint32_t STANDARD_ID_MAX = 0x7ff, EXTENDED_ID_MAX = 0x1fffffff, ERROR_FLAG = 0x20000000;

struct cursor {
    const char *at, *end;
};

static bool literal(struct cursor *c, char expected)
{
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

/* The run of characters up to one of `stops` or the end. */
static size_t run(const struct cursor *c, const char *stops)
{
    size_t n = 0;
    while (c->at + n < c->end && c->at[n] != '\0' && strchr(stops, c->at[n]) == NULL)
        n++;
    return n;
}

/* 1 to max digits; returns how many there were, 0 when none or too many. */
static size_t digits(struct cursor *c, size_t max, int64_t *ret_value)
{
    size_t n = 0;
    int64_t value = 0;
    for (; c->at + n < c->end && c->at[n] >= '0' && c->at[n] <= '9'; n++) {
        if (n == max)
            return 0;
        value = value * 10 + (c->at[n] - '0');
    }
    c->at += n;
    *ret_value = value;
    return n;
}

static bool parse_time(struct cursor *c, int64_t *ret_utc_us)
{
    int64_t seconds, fraction;
    if (!literal(c, '(') || digits(c, SECONDS_DIGITS_MAX, &seconds) == 0 || !literal(c, '.'))
        return false;
    size_t n = digits(c, FRACTION_DIGITS_MAX, &fraction);
    if (n == 0 || !literal(c, ')'))
        return false;
    for (; n < 6; n++)
        fraction *= 10;
    for (; n > 6; n--)
        fraction /= 10;
    *ret_utc_us = seconds * 1000000 + fraction;
    return true;
}

static int parse_id(struct cursor *c, struct can_frame_in *frame, const char **ret_reason)
{
    const size_t n = run(c, "# ");
    frame->extended = n == EXTENDED_ID_DIGITS;
    *ret_reason = "bad identifier";
    if ((n != STANDARD_ID_DIGITS && n != EXTENDED_ID_DIGITS) || !hex_number(c->at, n, &frame->id))
        return -EINVAL;
    c->at += n;
    if (frame->extended && (frame->id & ERROR_FLAG) != 0) {
        *ret_reason = "error frame";
        return -ENOMSG;
    }
    return frame->id <= (frame->extended ? EXTENDED_ID_MAX : STANDARD_ID_MAX) ? 0 : -EINVAL;
}

static int parse_data(struct cursor *c, struct can_frame_in *frame, const char **ret_reason)
{
    *ret_reason = "no '#' after the identifier";
    if (!literal(c, '#'))
        return -EINVAL;
    if (literal(c, '#')) {
        *ret_reason = "CAN FD frame";
        return -ENOMSG;
    }
    if (literal(c, 'R')) {
        *ret_reason = "remote frame";
        return -ENOMSG;
    }
    const size_t n = run(c, " ");
    *ret_reason = "bad data";
    if (n % 2 != 0 || n / 2 > sizeof frame->data || !hex_bytes(c->at, n / 2, frame->data))
        return -EINVAL;
    c->at += n;
    frame->len = (uint8_t)(n / 2);
    return 0;
}

static bool parse_end(struct cursor *c)
{
    if (literal(c, ' ') && !literal(c, 'R') && !literal(c, 'T'))
        return false;
    return c->at == c->end;
}

int candump_parse(const char *line, size_t len, int64_t *ret_utc_us, struct can_frame_in *ret_frame,
                  const char **ret_reason)
{
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    struct cursor c = {line, line + len};
    struct can_frame_in frame = {0};
    int64_t utc_us;
    *ret_reason = "blank line";
    if (len == 0)
        return -ENOMSG;
    *ret_reason = "bad time";
    if (!parse_time(&c, &utc_us) || !literal(&c, ' '))
        return -EINVAL;
    *ret_reason = "bad interface name";
    const size_t interface_len = run(&c, " ");
    c.at += interface_len;
    if (interface_len == 0 || !literal(&c, ' '))
        return -EINVAL;
    int err = parse_id(&c, &frame, ret_reason);
    if (err == 0)
        err = parse_data(&c, &frame, ret_reason);
    if (err < 0)
        return err;
    *ret_reason = "trailing bytes";
    if (!parse_end(&c))
        return -EINVAL;
    *ret_utc_us = utc_us;
    *ret_frame = frame;
    return 0;
}
