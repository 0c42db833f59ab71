/* Delta coding of track batches: bytes of Track.batch (docs/wire.md, "Track batch").
 * Positions are kept on a grid of 1e-6 degrees (at most 0.08 m off), instants on one of 0.1 s (at most 0.05 s
 * off). A track on the grid comes back as it was, and has one encoding: what decodes is what encoding it
 * again gives. */
#ifndef BUSWARDEN_TRACKCODEC_H
#define BUSWARDEN_TRACKCODEC_H

#include "proto/model.h"

enum { TRACKCODEC_MAX = 4096 }; /* largest batch: BW_TRACK_FIXES_MAX fixes at their worst */

/* 0 and the length, or -EINVAL: no fix, too many, times that go back, or a value out of range. */
int trackcodec_encode(const struct bw_track *track, uint8_t ret[TRACKCODEC_MAX], size_t *ret_len);
/* 0; -EPROTONOSUPPORT for a batch of a later version; -EBADMSG for anything else the encoder would not have
 * made. Never reads past len. */
int trackcodec_decode(const uint8_t *data, size_t len, struct bw_track *ret);

#endif
