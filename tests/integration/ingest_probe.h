/* What the scenarios of the ingest probe play with: vehicles on a real broker, ingest and its store. */
#ifndef BUSWARDEN_INGEST_PROBE_H
#define BUSWARDEN_INGEST_PROBE_H

#include "bureau/ingest/ingest.h"
#include "proto/topic.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return "not so: " #condition;                                                                    \
    } while (0)

enum {
    PATIENCE_MS = 60000, /* for anything that must come to pass */
    SILENCE_MS = 300,    /* for what must not: six times the batch time */
    STEP_MS = 10,
    HUGE_LEN = 10 * 1024 * 1024,
    RECEIPTS_MAX = 64,
    PATH_LEN = 512,
};

extern const char division[];

extern struct probe {
    const char *program, *dir;
    int port;
    char store_path[PATH_LEN];
    struct seal_key bureau_key, keys[2]; /* bus-a, bus-b */
    struct store *store;
    struct ingest *ingest;
    struct ingest_stats before;
    struct mqtt *vehicles; /* one client that speaks for all of them */
    bool connecting, up;
    /* What came from the bureau. */
    size_t n_receipts, n_forged;
    struct {
        char vehicle[BW_ID_LEN];
        struct bw_receipt receipt;
    } receipts[RECEIPTS_MAX]; /* the newest one of each vehicle and stream */
    struct {
        size_t n;
        struct wire_bytes newest;
    } issued[ISSUED_KINDS]; /* to bus-b */
} probe;

/* NULL from run, or what went wrong. Tables end with a NULL name and are played in this order. */
struct scenario {
    const char *name;
    const char *(*run)(void);
};
extern const struct scenario record_scenarios[], service_scenarios[];

int issue_newest(void); /* the licence and the orders that service_scenarios find */

/* --- time --- */

int64_t now_ms(void);
bool wait_for(bool (*happened)(const void *), const void *what);
void wait_in_silence(void);

/* --- the vehicles' side --- */

/* Handlers of probe.vehicles. */
void on_message(void *context, const char *text, const uint8_t *payload, size_t len, bool retained);
void on_up(void *context);
void on_down(void *context, const char *reason);

bool publish(const char *vehicle, enum topic_channel channel, const struct wire_bytes *bytes);
bool send_presence(const char *vehicle, const struct bw_presence *presence);

/* One class of one stream of a vehicle, as an outbox would keep it. */
struct outbox {
    int vehicle; /* index of probe.keys */
    uint8_t stream;
    enum bw_record_class cls;
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

extern const char *const names[];

/* Another alert at each call: no two are raised in the same instant. */
struct wire_body alert_body(uint64_t number);
struct wire_body track_body(double lat_deg);
/* The next record of the outbox, signed with `key`. */
struct wire_bytes make_signed(struct outbox *outbox, const struct wire_body *body,
                              const struct seal_key *key);
struct wire_bytes make_next(struct outbox *outbox);

/* Inline, for a symbol of this name would be libmosquitto's send(). */
static inline bool send(const struct outbox *outbox, const struct wire_bytes *bytes)
{
    return publish(names[outbox->vehicle], outbox->cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK, bytes);
}

/* --- the bureau's side --- */

int start_ingest(void);
struct ingest_stats stats(void);
/* Every message of the scenario has had its verdict, and there were exactly so many. */
bool settled(uint64_t messages);

#define GAINED(counter) (stats().counter - probe.before.counter)

/* Connected is not yet subscribed: speak until an answer is counted. Leaves counts of bad_message behind. */
bool ready(void);
bool receipted(const struct outbox *outbox, uint64_t upto_seq);
/* No receipt of any kind came for this stream, though there was time. */
bool unanswered(const struct outbox *outbox);
/* A receipt that says nothing new comes at most once a second. */
void wait_for_a_nudge(void);
void forget_receipts(void);
/* The store holds exactly these bytes under that seq. */
bool is_held(const struct outbox *outbox, uint64_t seq, const struct wire_bytes *bytes);
int events_held(void);

#endif
