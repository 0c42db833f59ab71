/* The fitter's walk through a vehicle, as a machine without clock and input: what is asked for, what the
 * gateway's status says of it, and what became of each item. `selftest` puts it into words. */
#ifndef BUSWARDEN_WALK_H
#define BUSWARDEN_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum walk_kind {
    /* Without hands; each is waited for until its time is up. */
    WALK_CONFIGURATION, /* the gateway runs with the files that lie there now */
    WALK_GPS,
    WALK_CLOCK,
    WALK_BUS,
    WALK_SIGNALS, /* every signal speaks and makes sense */
    WALK_LICENCE,
    WALK_CAPACITY, /* there are sensors for all that the licence allows aboard */
    WALK_CERTIFICATE,
    WALK_BROKER,
    WALK_RECEIPT, /* something that was sent since the beginning is confirmed by the bureau */
    WALK_OUTBOX,
    WALK_WHEEL, /* reads 0 at rest */
    /* By the fitter. */
    WALK_ALARM,
    WALK_DOOR,
    WALK_IGNITION,
    WALK_SEAT,
    WALK_KINDS
};

enum walk_step {
    WALK_WAIT,
    WALK_LISTEN,
    WALK_CLOSE,
    WALK_OPEN,
    WALK_SWITCH_OFF,
    WALK_SWITCH_ON,
    WALK_STAND_UP,
    WALK_SIT_DOWN,
    WALK_UNFASTEN,
    WALK_FASTEN,
    WALK_STEPS
};

enum walk_result { WALK_PENDING, WALK_OK, WALK_FAILED, WALK_SKIPPED, WALK_RESULTS };

enum walk_reason {
    WALK_NO_REASON,
    WALK_NOT_SEEN, /* nothing came within the time */
    WALK_INSTEAD,  /* another signal reacted: wires exchanged? */
    WALK_ALSO,     /* another signal reacted as well */
    WALK_LATE,     /* more than WALK_LATE_MS after the fitter said that it was done */
    WALK_FAULT,    /* the status says what is wrong: `fault` */
    WALK_OTHER_FILES,
    WALK_TOO_FEW_SENSORS,
    WALK_NO_RECEIPT,
    WALK_NOT_AT_REST,
    WALK_NOT_HEARD,
    WALK_BY_FITTER, /* skipped */
    WALK_ABORTED,   /* before its turn */
    WALK_REASONS
};

enum {
    WALK_ITEMS_MAX = 160, /* beyond CABIN_SEATS_MAX + CABIN_DOORS_MAX + the others */
    WALK_PLACE_LEN = 48,
    WALK_FAULT_LEN = 32,
    WALK_REACTED_MAX = 4,
    WALK_REPEATS_MAX = 9,
    WALK_LATE_MS = 3000,    /* a signal this old is unknown */
    WALK_ANSWER_MS = 60000, /* waited for a key when the time of a step is up */
};

struct walk_item {
    enum walk_kind kind;
    char place[WALK_PLACE_LEN]; /* "" for those without a signal */
    char belt[WALK_PLACE_LEN];  /* of a seat that has one */
    enum walk_result result;
    enum walk_reason reason;
    enum walk_step step; /* now, or where it failed */
    char fault[WALK_FAULT_LEN];
    size_t n_reacted;
    char reacted[WALK_REACTED_MAX][WALK_PLACE_LEN]; /* other signals */
    unsigned repeats;
    int64_t took_ms;
};

struct walk;

struct walk_config {
    const char *config_hash, *dbc_hash; /* of the files as they are */
    int64_t limit_ms;                   /* of a step */
    bool alarm;                         /* there is an output to listen to */
};

enum walk_news {
    WALK_NOTHING,
    WALK_BEGUN,      /* an item, or one again: its first step is asked for */
    WALK_SEEN,       /* a step is done, the next of the same item is asked for */
    WALK_OTHER,      /* another signal reacted: the last of `reacted` */
    WALK_ASKING,     /* the time is up: r, s, a, or it has failed */
    WALK_ENDED_ITEM, /* look again for what comes next */
    WALK_DONE
};

/* The items that this vehicle has, by its first status. NULL when memory is short. The config is copied, but
 * for the hashes. */
struct walk *walk_create(const json_t *status, const struct walk_config *config);
void walk_destroy(struct walk *walk); /* accepts NULL */

/* A status, or NULL for none this time. To be called until WALK_DONE. */
enum walk_news walk_look(struct walk *walk, const json_t *status, int64_t mono_ms);
/* A key of the fitter's: d done, r repeat, s skip, a abort, y and n for what can be heard; others are
 * nothing. '\0' = there will be none any more: nothing is waited for that only a key can end. */
enum walk_news walk_key(struct walk *walk, char key, int64_t mono_ms);

size_t walk_count(const struct walk *walk);
const struct walk_item *walk_item(const struct walk *walk, size_t index);
size_t walk_current(const struct walk *walk); /* the item now; walk_count() when done */

#endif
