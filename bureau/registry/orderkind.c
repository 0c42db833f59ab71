#include "bureau/registry/orderkind.h"

#include "bureau/registry/registry.h"
#include "proto/utc.h"

#include <stdio.h>
#include <string.h>

/* Art. 30 and Art. 35. */
static const struct orderkind KINDS[] = {
    {"EXEMPTION", BW_ORDER_EXEMPTION, NULL}, {"FOG", BW_ORDER_WEATHER, "雾"},
    {"RAIN", BW_ORDER_WEATHER, "雨"},        {"SNOW", BW_ORDER_WEATHER, "雪"},
    {"ICE", BW_ORDER_WEATHER, "路面结冰"},   {"DUST", BW_ORDER_WEATHER, "沙尘"},
    {"HAIL", BW_ORDER_WEATHER, "冰雹"},      {"MUD", BW_ORDER_WEATHER, "道路泥泞"},
    {"WEATHER", BW_ORDER_WEATHER, NULL},
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

const struct orderkind *orderkind_find(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}

const char *orderkind_name(const struct bw_order *order)
{
    if (order->kind == BW_ORDER_EXEMPTION)
        return KINDS[0].name;
    for (int i = 0; i < KIND_COUNT; i++)
        if (KINDS[i].reason != NULL && strcmp(KINDS[i].reason, order->reason) == 0)
            return KINDS[i].name;
    return KINDS[KIND_COUNT - 1].name;
}

void orderkind_local(int64_t utc_ms, char *ret)
{
    char day_text[UTC_DAY_TEXT_LEN], minute_text[UTC_MINUTE_TEXT_LEN];
    int32_t day;
    int minute, weekday;
    utc_local(utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    utc_day_format(day, day_text);
    utc_minute_format((uint16_t)minute, minute_text);
    (void)snprintf(ret, 32, "%sT%s", day_text, minute_text);
}
