/* GCJ-02, the shifted frame of Chinese web maps: up to 700 m away from WGS-84, mostly some 500 m. Outside
 * China the two are the same. Degrees in, degrees out. Pure. */
#ifndef BUSWARDEN_GCJ02_H
#define BUSWARDEN_GCJ02_H

#include "proto/model.h"

struct bw_point gcj02_from_wgs84(struct bw_point wgs84);
/* By iteration, to 1e-9 degrees: the usual one-step inverse errs by metres. */
struct bw_point gcj02_to_wgs84(struct bw_point gcj02);

#endif
