/* How the running gateway is, as the JSON that its control socket tells: docs/status.md has the members. */
#ifndef BUSWARDEN_STATUS_H
#define BUSWARDEN_STATUS_H

#include <jansson.h>

#include "gateway/alarm/alarm.h"
#include "gateway/cabinbus.h"
#include "gateway/certificate.h"
#include "gateway/source/source.h"
#include "gateway/uplink/uplink.h"
#include "gateway/watch.h"

/* What only somebody who looks again and again can tell. Starts as zeros, but for started_mono_ms. */
struct status_meter {
    int64_t started_mono_ms, at_mono_ms;
    uint64_t frames;
    double frames_per_s; /* between the last two looks */
    int64_t driven_ms;   /* since the start, by the receiver */
    bool connected;
    int64_t connected_mono_ms; /* since when */
    uint64_t receipts;
    int64_t receipt_mono_ms; /* of the last one; 0 = none since the start */
};

/* What the answer is made of; NULL = that part is not there. */
struct status_parts {
    const struct gateway_config *config;
    const char *config_hash, *dbc_hash; /* of the files that it started with (seal_file_hash()); "" unknown */
    int64_t mono_ms, utc_ms;
    enum bw_clock clock;
    int gps_mode; /* of the last report: 2 or 3 = a position in two or three dimensions */
    const struct source *gps, *can;
    const struct cabinbus *bus;
    struct watch *watch;
    struct uplink *uplink;
    const struct alarm *alarm;
    const struct status_meter *meter;
    struct certificate_seen *certificate; /* kept from one answer to the next */
};

/* Once a second. */
void status_look(struct status_meter *meter, const struct status_parts *parts);

/* New reference; NULL when memory is short. */
json_t *status_json(const struct status_parts *parts);

#endif
