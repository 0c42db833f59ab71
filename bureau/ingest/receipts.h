/* Receipts that are due and not sent yet, the one that waits longest first. Receipts are cumulative: of one
 * vehicle and stream only the newest waits, in the place of the first. So a broker that is slow gets fewer of
 * them, and the vehicles hear the same. Pure but for its memory. */
#ifndef BUSWARDEN_INGEST_RECEIPTS_H
#define BUSWARDEN_INGEST_RECEIPTS_H

#include "bureau/ingest/batch.h"

enum { RECEIPTS_MAX = 4096 }; /* beyond: the vehicle sends again, and is answered then */

struct receipts;

int receipts_create(struct receipts **ret);
void receipts_free(struct receipts *receipts); /* accepts NULL */
/* False: there is no room. */
bool receipts_put(struct receipts *receipts, const struct batch_receipt *receipt);
/* False: none waits. */
bool receipts_take(struct receipts *receipts, struct batch_receipt *ret);
size_t receipts_count(const struct receipts *receipts);
void receipts_clear(struct receipts *receipts);

#endif
