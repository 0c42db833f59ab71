/* The roadside question: may this vehicle run as a school vehicle now? (Art. 14-18, 45) */
#include "bureau/registry/licence.h"
#include "proto/utc.h"

#include <stdlib.h>

struct moment {
    int32_t day;
    int minute, weekday;
};

static bool in_date(const struct bw_permit *permit, const struct moment *now)
{
    return permit->valid_from_day <= now->day && now->day <= permit->valid_until_day;
}

static bool in_window(const struct bw_permit *permit, const struct moment *now)
{
    return in_date(permit, now) && (permit->weekdays >> (now->weekday - 1) & 1) != 0 &&
           permit->window_start_min <= now->minute && now->minute < permit->window_end_min;
}

static int days_away(const struct bw_permit *permit, const struct moment *now)
{
    return now->day < permit->valid_from_day ? permit->valid_from_day - now->day
                                             : now->day - permit->valid_until_day;
}

/* How well a permit answers for the vehicle: the best one decides. */
enum rank { RANK_OUT_OF_DATE, RANK_NOT_ACTIVE, RANK_ACTIVE, RANK_ACTIVE_NOW };

static enum rank rank_of(const struct bw_permit *permit, const struct moment *now)
{
    if (!in_date(permit, now))
        return RANK_OUT_OF_DATE;
    if (permit->status != BW_STATUS_ACTIVE)
        return RANK_NOT_ACTIVE;
    return in_window(permit, now) ? RANK_ACTIVE_NOW : RANK_ACTIVE;
}

static const enum registry_verdict VERDICTS[] = {
    [RANK_OUT_OF_DATE] = REGISTRY_EXPIRED,
    [RANK_NOT_ACTIVE] = REGISTRY_SUSPENDED,
    [RANK_ACTIVE] = REGISTRY_LICENSED,
    [RANK_ACTIVE_NOW] = REGISTRY_LICENSED,
};

static bool fit_for_service(const struct registry_vehicle *vehicle, const struct moment *now)
{
    const bool scrapped = vehicle->scrapped_day != 0 && vehicle->scrapped_day <= now->day;
    return !scrapped && now->day <= vehicle->inspected_until_day; /* Art. 20: half-yearly inspection */
}

void registry_check_plate(const struct registry *registry, const char *normalised_plate, int64_t now_utc_ms,
                          struct registry_answer *ret)
{
    struct moment now;
    utc_local(now_utc_ms, REGISTRY_UTC_OFFSET_MIN, &now.day, &now.minute, &now.weekday);
    *ret = (struct registry_answer){.verdict = REGISTRY_UNKNOWN};
    ret->vehicle = registry_plate(registry, normalised_plate);
    if (ret->vehicle == NULL)
        return;
    ret->verdict = REGISTRY_NO_PERMIT;
    const struct registry_permit *best = NULL;
    enum rank best_rank = RANK_OUT_OF_DATE;
    size_t n = 0;
    const struct registry_permit *permits = registry_permits(registry, ret->vehicle->vehicle_id, &n);
    for (size_t i = 0; i < n; i++) {
        const enum rank rank = rank_of(&permits[i].permit, &now);
        if (best == NULL || rank > best_rank ||
            (rank == best_rank && days_away(&permits[i].permit, &now) < days_away(&best->permit, &now))) {
            best = &permits[i];
            best_rank = rank;
        }
    }
    if (best == NULL)
        return;
    ret->permit = best;
    ret->in_window = in_window(&best->permit, &now);
    if (fit_for_service(ret->vehicle, &now))
        ret->verdict = VERDICTS[best_rank];
}
