#include "bureau/access/lockout.h"

uint32_t lockout_free(enum lockout_kind kind)
{
    return kind == LOCKOUT_ADDRESS ? 19 : 4;
}

int64_t lockout_until_utc_ms(enum lockout_kind kind, uint32_t failures, int64_t last_utc_ms)
{
    const uint32_t free = lockout_free(kind);
    if (failures <= free)
        return 0;
    int64_t delay_ms = LOCKOUT_FIRST_MS;
    for (uint32_t i = free + 1; i < failures && delay_ms < LOCKOUT_LAST_MS; i++)
        delay_ms *= 2;
    return last_utc_ms + (delay_ms < LOCKOUT_LAST_MS ? delay_ms : LOCKOUT_LAST_MS);
}
