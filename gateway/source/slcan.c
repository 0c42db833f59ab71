#include "gateway/source/slcan.h"

#include <string.h>

#include "gateway/source/hex.h"

static const char CR = '\r', BEL = '\a', LF = '\n';
static const size_t TIMESTAMP_DIGITS = 4;

struct form {
    size_t id_digits;
    uint32_t id_max;
    char letter;
    bool extended, remote;
};

static const struct form forms[] = {
    {3, 0x7ff, 't', false, false},
    {8, 0x1fffffff, 'T', true, false},
    {3, 0x7ff, 'r', false, true},
    {8, 0x1fffffff, 'R', true, true},
};

void slcan_init(struct slcan *slcan)
{
    *slcan = (struct slcan){0};
}

static const struct form *form_of(char letter)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].letter == letter)
            return &forms[i];
    }
    return NULL;
}

/* Why the line is no frame of this form, or NULL and the frame. */
static const char *parse(const struct form *form, const char *line, size_t len,
                         struct can_frame_in *ret_frame)
{
    struct can_frame_in frame = {.extended = form->extended};
    const size_t head = 1 + form->id_digits + 1;
    uint32_t n;
    if (len < head)
        return "frame cut short";
    if (!hex_number(line + 1, form->id_digits, &frame.id) || frame.id > form->id_max)
        return "bad identifier";
    if (!hex_number(line + 1 + form->id_digits, 1, &n) || n > sizeof frame.data)
        return "bad length";
    frame.len = (uint8_t)n;
    const size_t digits = form->remote ? 0 : 2 * (size_t)n;
    if (len < head + digits)
        return "frame cut short";
    if (!hex_bytes(line + head, digits / 2, frame.data))
        return "bad data";
    const size_t rest = len - head - digits;
    uint32_t timestamp;
    if (rest != 0 && (rest != TIMESTAMP_DIGITS || !hex_number(line + len - rest, rest, &timestamp)))
        return "trailing bytes";
    *ret_frame = frame;
    return NULL;
}

static void refuse(struct slcan *slcan, const char *reason)
{
    slcan->bad++;
    slcan->reason = reason;
}

static void end_line(struct slcan *slcan, void (*on_frame)(void *, const struct can_frame_in *),
                     void *context)
{
    if (slcan->len == 0)
        return;
    const char letter = slcan->line[0];
    if (slcan->len == 1 && (letter == 'z' || letter == 'Z'))
        return;
    const struct form *form = form_of(letter);
    if (form == NULL) {
        refuse(slcan, "not a frame");
        return;
    }
    struct can_frame_in frame;
    const char *reason = parse(form, slcan->line, slcan->len, &frame);
    if (reason != NULL) {
        refuse(slcan, reason);
    } else if (form->remote) {
        slcan->remote++;
    } else {
        slcan->frames++;
        on_frame(context, &frame);
    }
}

void slcan_feed(struct slcan *slcan, const uint8_t *bytes, size_t n,
                void (*on_frame)(void *context, const struct can_frame_in *frame), void *context)
{
    for (size_t i = 0; i < n; i++) {
        const char c = (char)bytes[i];
        if (c == CR) {
            if (!slcan->skipping)
                end_line(slcan, on_frame, context);
            slcan->len = 0;
            slcan->skipping = false;
        } else if (c == BEL) { /* ends what came before it, too */
            if (slcan->len > 0)
                refuse(slcan, "frame cut short");
            slcan->refusals++;
            slcan->len = 0;
            slcan->skipping = false;
        } else if (c == LF && slcan->len == 0) {
            continue; /* adapters that end with CR LF */
        } else if (!slcan->skipping && slcan->len == sizeof slcan->line) {
            refuse(slcan, "line too long");
            slcan->len = 0;
            slcan->skipping = true;
        } else if (!slcan->skipping) {
            slcan->line[slcan->len++] = c;
        }
    }
}
