/* One vehicle of a fleet: it drives up and down its licensed route, and judges, seals and sends as a gateway
 * does, with the gateway's own code; its records wait in memory instead of in an outbox file. It holds no
 * licence before the bureau has sent it one, and stands until then. */
#ifndef BUSWARDEN_SIM_FLEETBUS_H
#define BUSWARDEN_SIM_FLEETBUS_H

#include "proto/mqtt.h"
#include "proto/seal.h"

enum {
    FLEETBUS_IN_FLIGHT_MAX = 32, /* records of a class without a receipt, as the gateway */
    FLEETBUS_WAITING_MAX = 512,  /* records of a class in memory; what comes beyond is counted as lost */
};

struct fleetbus;

struct fleetbus_config {
    const char *vehicle, *division; /* copied */
    struct seal_key key;
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN]; /* of licences, and of receipts when those are checked */
    bool check_receipts;
    struct mqtt_config mqtt; /* client id and will are set here */
    double overloads_per_h;  /* two too many for 15 s, as chance will have it */
    uint64_t seed;
    /* An alert was raised: called before it is sealed. May be NULL. */
    void (*on_raised)(void *context, const char *vehicle, uint64_t number);
    void *context;
};

struct fleetbus_stats {
    bool up, licensed;
    uint64_t made[2], receipted[2]; /* records, by class - 1 */
    uint64_t alerts;                /* raised */
    uint64_t lost;                  /* found no room in memory */
    uint64_t receipts, refused;     /* refused: of receipts and licences */
    uint64_t sent, connects;
};

int fleetbus_create(const struct fleetbus_config *config, struct fleetbus **ret);
void fleetbus_free(struct fleetbus *bus); /* accepts NULL; says goodbye */

/* For poll(): the descriptor and its events; -1: none now. */
int fleetbus_fd(struct fleetbus *bus, short *ret_events);
/* Handle what came, and send what may be sent. Also once a second when nothing came; connects when it is time
 * to. Never waits. */
void fleetbus_step(struct fleetbus *bus, int64_t mono_ms, int64_t utc_ms);
/* A second of driving, up to utc_ms. Without effect before there is a licence. */
void fleetbus_drive(struct fleetbus *bus, int64_t utc_ms);
/* Whether it may send records: false at first, so that a backlog can be made before. */
void fleetbus_open(struct fleetbus *bus, bool may_send);
/* Seals the batch of positions begun so far. */
void fleetbus_flush(struct fleetbus *bus);
const struct fleetbus_stats *fleetbus_stats(const struct fleetbus *bus);
/* Nothing waits for a receipt. */
bool fleetbus_is_idle(const struct fleetbus *bus);

#endif
