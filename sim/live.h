/* Feeding real programs in true time: NMEA to each vehicle's gpsd by UDP, CAN to each vehicle's gateway
 * through an SLCAN pseudo terminal. */
#ifndef BUSWARDEN_SIM_LIVE_H
#define BUSWARDEN_SIM_LIVE_H

#include "sim/vehicle.h"

enum { LIVE_REASON_LEN = 640 };

struct live;

/* Opens what the scenario names: a UDP socket per gpsd_port, a terminal per slcan. ret_reason says what
 * failed. The scenario is borrowed. */
int live_create(const struct scenario *scenario, struct live **ret, char ret_reason[LIVE_REASON_LEN]);
void live_free(struct live *live);

/* What vehicle number `index` of the scenario has to say at utc_ms. A gpsd that is not there loses its
 * sentences, which are counted; any other failure is a negative errno. */
int live_send(struct live *live, size_t index, int64_t utc_ms, const struct vehicle_output *out);
/* Serve the terminals until CLOCK_MONOTONIC reaches the instant, or a signal comes (-EINTR). */
int live_wait(struct live *live, int64_t until_mono_ms);
int64_t live_mono_ms(void);

struct live_losses {
    uint64_t sentences; /* that no gpsd took */
    uint64_t frames;    /* that a gateway was too slow to read */
};
struct live_losses live_losses(const struct live *live, size_t index);

#endif
