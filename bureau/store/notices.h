/* What is to be told to people outside, and what became of it: the outbox of bureau/notify.
 *
 * A notice is one event worth telling. A delivery is that notice for one channel. A message is what is sent:
 * one delivery or several (a digest), bound together for good when the message is made, so that each attempt
 * says the same under the same id.
 *
 * As store.h: 0 or a negative errno, rows live for the call. */
#ifndef BUSWARDEN_STORE_NOTICES_H
#define BUSWARDEN_STORE_NOTICES_H

#include "bureau/store/store.h"

enum {
    STORE_CHANNEL_LEN = 33,    /* name of a channel, with the NUL */
    STORE_MESSAGE_ID_LEN = 33, /* 32 hex digits, with the NUL */
    STORE_ANSWER_MAX = 240,    /* what the server said; longer words are cut */
    STORE_NOTICE_KINDS = 32,   /* kinds of alerts and cases are below this */
};

enum store_notice_source { STORE_NOTICE_OF_ALERT = 1, STORE_NOTICE_OF_CASE = 2 };
enum store_notice_what {
    STORE_NOTICE_RAISED = 1,
    STORE_NOTICE_GRAVER = 2, /* its severity has risen */
    STORE_NOTICE_OVER = 3,
    STORE_NOTICE_CASE_OPENED = 4,
    STORE_NOTICE_CASE_ASSIGNED = 5,  /* to a school, with a deadline */
    STORE_NOTICE_CASE_ESCALATED = 6, /* nobody took it, or it is overdue */
    STORE_NOTICE_WHATS
};

struct store_notice {
    int64_t id;
    enum store_notice_source source;
    int64_t source_id; /* number of the alert event, or of the case's step */
    enum store_notice_what what;
    int kind; /* enum bw_kind or enum case_kind */
    enum bw_severity severity;
    bool urgent; /* goes first and alone, whatever the hour */
    bool late;
    int64_t time_utc_ms;     /* when it happened */
    int64_t deadline_utc_ms; /* of the case; 0 = none */
    int64_t made_utc_ms;
    int64_t case_id;                           /* 0 = none */
    const char *vehicle, *plate;               /* "" = not of one vehicle, not in the registry */
    const char *school_id, *school, *division; /* "" = nobody knows */
    const char *route, *stop;                  /* names; "" = nobody knows */
    uint16_t aboard, capacity;                 /* capacity 0 = not told */
};

/* --- what has been told --- */
/* Everything of that source up to this number has been turned into notices. -ENOENT: never set. */
int store_notice_cursor(struct store *store, enum store_notice_source source, int64_t *ret);
int store_notice_cursor_set(struct store *store, enum store_notice_source source, int64_t position);
/* Severity of the last phase of an alert before this event; BW_SEVERITY_NONE: there is none. -EILSEQ: it
 * cannot be decoded. */
int store_alert_severity_before(struct store *store, int64_t alert_id, int64_t event, enum bw_severity *ret);

/* The case that an alert opened or joined; 0 = it made none. */
int store_alert_case(struct store *store, int64_t alert_id, int64_t *ret_case_id);

/* Where a vehicle belongs. "" for what the registry does not have, here and below also for a text that is too
 * long to be its. */
struct store_home {
    char school_id[BW_ID_LEN], school[BW_NAME_LEN], division[BW_DIVISION_LEN], plate[BW_PLATE_LEN];
    char route[BW_NAME_LEN]; /* the name of its only permitted route; "" of none or several */
    uint16_t capacity;
};
int store_vehicle_home(struct store *store, const char *vehicle, struct store_home *ret);
/* "" = no such route, no such stop. */
int store_route_name(struct store *store, const char *route_id, char ret[BW_NAME_LEN]);
/* Every stop of the routes that a vehicle has permits for. */
typedef int (*store_stop_fn)(void *context, const char *stop_id, const char *name, double lat_deg,
                             double lon_deg);
int store_vehicle_stops(struct store *store, const char *vehicle, store_stop_fn fn, void *context);

/* id and made_utc_ms are given by the store and by now_utc_ms. -EEXIST: this source has been told of. */
int store_notice_add(struct store *store, const struct store_notice *notice, int64_t now_utc_ms,
                     int64_t *ret_id);
int store_delivery_add(struct store *store, int64_t notice_id, const char *channel);

/* --- messages --- */
enum store_delivery_state {
    STORE_PENDING = 1,  /* not tried yet, or not in a message yet */
    STORE_FAILED = 2,   /* tried, will be tried again */
    STORE_SENT = 3,     /* the channel has taken it */
    STORE_GIVEN_UP = 4, /* tried as often as is allowed; store_message_retry() begins anew */
    STORE_DELIVERY_STATES
};
/* How many deliveries of a channel are in no message yet. */
int store_deliveries_waiting(struct store *store, const char *channel, bool urgent, size_t *ret);
/* A message of the `limit` oldest of them; it is due at once. -ENOENT: there are none. */
int store_message_make(struct store *store, const char *channel, bool urgent, int limit, const char *id,
                       int64_t now_utc_ms);
struct store_message {
    int64_t number;
    char id[STORE_MESSAGE_ID_LEN];
    unsigned attempts; /* so far */
    int64_t next_utc_ms, made_utc_ms;
};
/* The one that is due first, of those that have not ended. -ENOENT: none. */
int store_message_first(struct store *store, const char *channel, bool urgent, struct store_message *ret);
typedef int (*store_notice_fn)(void *context, const struct store_notice *row);
int store_message_notices(struct store *store, int64_t number, store_notice_fn fn, void *context);
/* An attempt begins: it counts from now on, whatever becomes of it. */
int store_message_try(struct store *store, const struct store_message *message, const char *channel,
                      int64_t now_utc_ms);
/* An attempt has ended. next_utc_ms counts for STORE_FAILED alone. */
int store_message_end(struct store *store, int64_t number, enum store_delivery_state state,
                      int64_t next_utc_ms, const char *answer, int64_t now_utc_ms);
/* Attempts of a channel that began after this instant; later than now_utc_ms does not count. */
int store_attempts(struct store *store, const char *channel, int64_t after_utc_ms, int64_t now_utc_ms,
                   unsigned *ret);
/* A channel has left the configuration: all that it had not sent is given up. Ends the attempts too. */
int store_channel_drop(struct store *store, const char *channel, const char *why, const char *id,
                       int64_t now_utc_ms);
/* The next channel by name that has something unsent ("" = the first). -ENOENT after the last. */
int store_next_channel(struct store *store, const char *after, char ret[STORE_CHANNEL_LEN]);
/* Deletes what ended before this instant, and attempts. */
int store_notices_purge(struct store *store, int64_t before_utc_ms, size_t *ret_deliveries);

/* --- what is shown --- */
struct store_delivery {
    int64_t id;
    const char *channel;
    enum store_delivery_state state;
    const char *message_id; /* "" = in no message yet */
    unsigned attempts;
    int64_t next_utc_ms, last_utc_ms; /* 0 = none */
    const char *answer;               /* to the last attempt */
    struct store_notice notice;
};
typedef int (*store_delivery_fn)(void *context, const struct store_delivery *row);
/* Newest first. state 0 = all; channel NULL = all; before_id 0 = from the newest. */
int store_deliveries(struct store *store, enum store_delivery_state state, const char *channel,
                     int64_t before_id, int limit, store_delivery_fn fn, void *context);
/* The message that this delivery is in is due at once, and may be tried as often as a new one. -ENOENT: no
 * such delivery; -EALREADY: sent; -EAGAIN: in no message yet, it waits for its turn. */
int store_delivery_retry(struct store *store, int64_t id, int64_t now_utc_ms);

struct store_notice_counts {
    int64_t n[STORE_DELIVERY_STATES]; /* of deliveries; by store_notice_counts() those sent are not counted */
    int64_t oldest_unsent_utc_ms;     /* its notice was made then; 0 = all is sent or given up */
};
int store_notice_counts(struct store *store, struct store_notice_counts *ret);
/* The same of each channel that deliveries are kept of, by name; those sent are counted, too. Costs a walk
 * over the deliveries. */
typedef int (*store_channel_fn)(void *context, const char *channel, const struct store_notice_counts *counts);
int store_channel_counts(struct store *store, store_channel_fn fn, void *context);

#endif
