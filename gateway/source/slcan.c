#include "gateway/source/slcan.h"

#include <string.h>

#include "gateway/source/hex.h"

static const char CR = '\r', BEL = '\a', LF = '\n';
static const size_t TIMESTAMP_DIGITS = 4;

struct form {
    size_t id_digits;
    uint32_t id_max;
    char letter;
    bool extended, remote, fd;
};

static const struct form forms[] = {
    {3, 0x7ff, 't', false, false, false}, {8, 0x1fffffff, 'T', true, false, false},
    {3, 0x7ff, 'r', false, true, false},  {8, 0x1fffffff, 'R', true, true, false},
    {3, 0x7ff, 'd', false, false, true},  {8, 0x1fffffff, 'D', true, false, true},
    {3, 0x7ff, 'b', false, false, true},  {8, 0x1fffffff, 'B', true, false, true},
};

/* By the length code; classic CAN has no more than the first nine. */
static const uint8_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64};
enum { CLASSIC_LEN = 8, FD_LEN = 64 };

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
    uint8_t data[FD_LEN];
    uint32_t code;
    if (len < head)
        return "frame cut short";
    if (!hex_number(line + 1, form->id_digits, &frame.id) || frame.id > form->id_max)
        return "bad identifier";
    if (!hex_number(line + 1 + form->id_digits, 1, &code) || (!form->fd && code > CLASSIC_LEN))
        return "bad length";
    const bool bare = form->remote && len <= head + TIMESTAMP_DIGITS; /* without the bytes that it asks for */
    const size_t digits = bare ? 0 : 2 * (size_t)lengths[code];
    if (len < head + digits)
        return "frame cut short";
    if (!hex_bytes(line + head, digits / 2, data))
        return "bad data";
    const size_t rest = len - head - digits;
    uint32_t timestamp;
    if (rest != 0 && (rest != TIMESTAMP_DIGITS || !hex_number(line + len - rest, rest, &timestamp)))
        return "trailing bytes";
    frame.len = form->fd ? 0 : (uint8_t)code;
    memcpy(frame.data, data, form->fd ? 0 : digits / 2);
    *ret_frame = frame;
    return NULL;
}

static void answer(struct slcan *slcan, bool yes)
{
    const uint64_t before = slcan->accepts + slcan->refusals;
    if (!yes && before < 32)
        slcan->first |= UINT32_C(1) << before;
    *(yes ? &slcan->accepts : &slcan->refusals) += 1;
}

static void refuse(struct slcan *slcan, const char *reason)
{
    slcan->bad++;
    slcan->reason = reason;
}

static void end_line(struct slcan *slcan, void (*on_frame)(void *, const struct can_frame_in *),
                     void *context)
{
    const char letter = slcan->line[0];
    uint32_t flags;
    if (slcan->len == 0 || (slcan->len == 1 && (letter == 'z' || letter == 'Z'))) {
        answer(slcan, true);
        return;
    }
    if (slcan->len == 3 && letter == 'F' && hex_number(slcan->line + 1, 2, &flags)) {
        slcan->statuses++;
        slcan->flags = (uint8_t)flags;
        return;
    }
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
    } else if (form->fd) {
        slcan->fd++;
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
            answer(slcan, false);
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
