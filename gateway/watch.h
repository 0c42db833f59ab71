/* The watch: licence, orders, judge and memory of one vehicle. Events go in; what the judge says goes to disk
 * first and is announced then. A disk that refuses silences nothing: alerts and positions wait in memory, and
 * are tried again once a second. Knows no loop and no network, so a test can drive it. */
#ifndef BUSWARDEN_WATCH_H
#define BUSWARDEN_WATCH_H

#include "gateway/compliance/engine.h"
#include "gateway/outbox/outbox.h"
#include "proto/issued.h"

struct watch;

enum {
    WATCH_UNSAVED_MAX = 64, /* alert phases kept in memory while the disk refuses them */
    WATCH_TRACK_FIXES = 10, /* fixes a batch */
    WATCH_TRACK_MS = 9000,  /* oldest a batch gets: a position is on disk within 10 s */
    WATCH_FIX_SPACING_MS =
        900, /* a faster receiver is thinned out to this in the track; the judge sees every fix */
    WATCH_RETRY_MS = 1000,     /* after the disk has refused */
    WATCH_UNREADABLE_MAX = 30, /* openings in a row that the disk could not read, then it counts as corrupt */
};

/* What is pointed at must outlive the watch. */
struct watch_config {
    const char *vehicle, *division;
    const char *paths[ISSUED_KINDS]; /* of the files that the bureau's licence and orders are kept in */
    const uint8_t *bureau_key;       /* BW_PUBLIC_KEY_LEN bytes */
    struct outbox_config outbox;
    /* An alert phase to announce in the vehicle: on disk when saved, else the disk refused it and it is being
     * retried. */
    void (*on_alert)(void *context, const struct bw_alert *alert, bool saved);
    void *context;
};

/* Opens the outbox, loads licence and orders (bad ones are reported by watch_fault() and count as none), and
 * takes up the alerts that were open. A disk that is full, read-only or broken is no obstacle: watch_broken()
 * is true then, and what was open is taken up when watch_mend() gets the outbox. 0 or a negative errno with
 * words in ret_reason: -EALREADY another gateway has this outbox, -EINVAL, -ENOMEM. */
int watch_open(const struct watch_config *config, struct watch **ret, char ret_reason[256]);
void watch_close(struct watch *watch); /* flushes the track; accepts NULL */

/* Read the file again and judge by it from now on. 0, or the error: then what was held stays in force. */
int watch_reload(struct watch *watch, enum issued_kind kind);
const struct bw_licence *watch_licence(const struct watch *watch);        /* NULL = none held */
const struct bw_orders *watch_orders(const struct watch *watch);          /* NULL = none held */
uint64_t watch_version(const struct watch *watch, enum issued_kind kind); /* 0 = none held */
uint64_t watch_highest(const struct watch *watch, enum issued_kind kind); /* ever held: no older one counts */
const char *watch_fault(const struct watch *watch, enum issued_kind kind); /* "" = none */

/* Judge one event. True when something was put into the outbox. */
bool watch_event(struct watch *watch, const struct bw_event *event);
/* Write what waits in memory: alerts that the disk has refused, and the batch of positions begun so far. True
 * when something was put into the outbox. */
bool watch_flush(struct watch *watch);

/* The change of key is over: what is opened or begun from now on is next_key's. */
void watch_key_changed(struct watch *watch);

/* There is no outbox: it could not be opened, or the file was found corrupt. Open it again; a corrupt one is
 * set aside and a new one begun. To be called about once a second, with the uplink stopped, while
 * watch_broken() says so. 0 when the same file was opened again, WATCH_NEW_FILE when a new one stands in the
 * place of one that this or an earlier call has set aside, or a negative errno with words in ret_reason.
 * Alerts that the file held open may now be among watch_open_alerts() without having been announced. */
enum { WATCH_NEW_FILE = 1 };
bool watch_broken(const struct watch *watch);
int watch_mend(struct watch *watch, char ret_reason[256]);

struct watch_state {
    bool has_position;
    struct bw_fix fix;
    int64_t fix_utc_ms, fix_mono_ms;
    struct bw_cabin cabin;
    uint64_t set_aside;     /* outbox files since the start */
    uint64_t unsaved;       /* alert phases waiting for the disk */
    uint64_t lost;          /* alert phases, positions and trips that did not even fit there */
    char outbox_fault[160]; /* of the last failed write; "" = none */
};
const struct watch_state *watch_state(const struct watch *watch);
/* The driver should be warned now (engine_warns()). */
bool watch_warns(const struct watch *watch);
size_t watch_open_alerts(const struct watch *watch, struct bw_alert *ret_alerts); /* ENGINE_ALERTS_MAX */
struct outbox *watch_outbox(struct watch *watch);

#endif
