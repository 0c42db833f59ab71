/* What is said to whoever reports a vehicle: at once, and in words. */
#ifndef BUSWARDEN_VERDICT_H
#define BUSWARDEN_VERDICT_H

#include "bureau/registry/registry.h"
#include "bureau/store/sightings.h"

/* Of a plate as plate_parse() makes it (partial, or "" for none), at the instant it was seen. `ret` is set in
 * any case. */
enum sighting_verdict verdict_of(const struct registry *registry, const char *plate, int64_t seen_utc_ms,
                                 struct registry_answer *ret);
/* No permit to carry pupils at any hour, as far as it was read: what the police should know of. */
bool verdict_accuses(enum sighting_verdict verdict);

const char *verdict_name(enum sighting_verdict verdict); /* "wrong_hour"; "" for a number that is none */
const char *verdict_words_en(enum sighting_verdict verdict);
const char *verdict_words_zh(enum sighting_verdict verdict);

#endif
