/* The thread that carries records to the bureau. It owns its MQTT client and its own outbox handle; the main
 * thread talks to it only through the functions below, none of which ever waits for the network.
 *
 * On each connection: subscribe, presence (with what is waiting), then records: alerts before tracks, each
 * class strictly in order, each as the bytes that were stored. A record is sent again, on every connection
 * and when its receipt is overdue, until a receipt signed by the bureau covers it; nothing else removes it.
 */
#ifndef BUSWARDEN_UPLINK_H
#define BUSWARDEN_UPLINK_H

#include "gateway/outbox/outbox.h"
#include "proto/issued.h"
#include "proto/mqtt.h"

struct uplink;

/* What is pointed at must live until uplink_stop(). */
struct uplink_config {
    struct mqtt_config mqtt; /* will and client id are set by the uplink */
    struct outbox_config outbox;
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN]; /* checks receipts, licences and orders */
    uint32_t in_flight_max;                /* records sent and not yet receipted, per class; 0 = 32 */
    uint32_t receipt_timeout_ms;           /* then the window is sent again (see window.h); 0 = 15000 */
    uint32_t backlog_per_s;                /* track records a second when catching up; 0 = 50 */
    uint32_t backoff_base_ms;              /* full jitter: up to this after a stable session; 0 = 1000 */
    uint32_t backoff_max_ms;               /* doubling to this; 0 = 60000 */
    uint64_t held[ISSUED_KINDS];           /* versions of what is on disk; 0 = none */
    uint64_t highest[ISSUED_KINDS];        /* versions ever held; lower ones are refused */
    /* Called on the uplink thread with a licence or with orders that are signed by the bureau, for this
     * vehicle, and newer. The sealed bytes are what is to be stored. Returns 0 when stored. Must be set. */
    int (*on_issued)(void *context, enum issued_kind kind, const uint8_t *sealed, size_t len);
    void *context;
};

struct uplink_stats {
    /* Turns of the thread's loop. Advances at least once in 2 s, connected or not, whatever the network and
     * the resolver do: when it stands still, the disk hangs or the thread does. */
    uint64_t turns;
    bool connected;
    uint64_t connects;
    uint32_t failures;         /* attempts and sessions in a row of which none was stable (see window.h) */
    uint64_t sent[2];          /* records published, per class (index class - 1), repeats included */
    uint64_t receipts;         /* accepted */
    uint64_t receipts_refused; /* bad signature, foreign stream */
    uint64_t streams_begun; /* because the bureau's receipts contradict the outbox: outbox_begin_stream() */
    uint64_t left_out;      /* records that were damaged then */
    uint64_t issued_refused[ISSUED_KINDS]; /* bad signature, wrong vehicle, older than what is held */
    int64_t last_receipt_utc_ms;
    bool
        outbox_broken; /* a class cannot go on: the outbox must be opened anew, and the uplink started anew */
    char reason[160];  /* why not connected, or what was refused last */
    char last_down[160]; /* why the last attempt or session ended; stays */
};

/* The outbox file must have been made: outbox_open() of the main thread comes first. When that is opened anew
 * (a file set aside), the uplink must be stopped and started too. -EINVAL for a division or vehicle that
 * cannot stand in a topic, -ENOENT without an outbox, and what outbox_open() and mqtt_create() say. */
int uplink_start(const struct uplink_config *config, struct uplink **ret);
/* Sends offline presence if connected, ends the thread, frees. Waits for no network and no resolver: for what
 * the thread is doing with the disk at most. */
void uplink_stop(struct uplink *uplink);
/* There is something new in the outbox. */
void uplink_wake(struct uplink *uplink);
/* The newest wins. Sent at once (at most once a second) when more than a time in it changed, else every 10 s.
 * online, stream, oldest_seq and next_seq are filled by the uplink. The seqs of an offline presence may be
 * out of date. */
void uplink_presence(struct uplink *uplink, const struct bw_presence *presence);
void uplink_stats(struct uplink *uplink, struct uplink_stats *ret);

#endif
