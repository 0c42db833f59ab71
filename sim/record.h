/* The recordings of one drive: what a receiver, gpspipe and candump would have written, and the truth beside
 * them. */
#ifndef BUSWARDEN_SIM_RECORD_H
#define BUSWARDEN_SIM_RECORD_H

#include "sim/vehicle.h"

struct record;

/* Opens <id>.nmea, <id>.tpv.json and <id>.candump.log in the folder, which is made when it is not there. */
int record_create(const char *folder, const struct scenario_vehicle *scenario,
                  const struct vehicle_licensed *licensed, struct record **ret);
void record_free(struct record *record);
int record_step(struct record *record, int64_t utc_ms, const struct vehicle_output *out);
/* Writes <id>.truth.json and closes the files. 0 only when every byte of all four was taken by the system. */
int record_finish(struct record *record);

#endif
