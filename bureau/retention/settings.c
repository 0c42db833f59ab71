#include "bureau/retention/settings.h"

/* 道路运输车辆动态监督管理办法 (Order 5 of 2014, Art. 26 (check)): tracks half a year, offences and what
 * became of them three years. 个人信息保护法 Art. 19: no longer than the purpose needs, so no longer than
 * that; photos, which may show children, a quarter of a year, or as long as their case is going. The audit
 * log of look-ups: 网络安全法 Art. 21 asks for six months; three years, so that it outlives what it is about.
 * What the registry was before a change, which names drivers: as long as the evidence that was judged by it,
 * like the audit log. */
const struct retention_settings RETENTION_DEFAULT = {
    .tracks_days = 183,
    .evidence_days = 1096,
    .trips_days = 1096,
    .sightings_days = 366,
    .photos_days = 92,
    .audit_days = 1127,
    .changes_days = 1127,
};
