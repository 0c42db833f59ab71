#include "bureau/registry/tables.h"

#include "bureau/registry/plate.h"
#include "proto/topic.h"
#include "proto/utc.h"

#include <stddef.h>
#include <string.h>

enum { PERSONS_MAX = 200 }; /* in one vehicle */

static const char *parse_text(const char *text, void *target, size_t size)
{
    const size_t len = strlen(text);
    if (len >= size)
        return "is too long";
    memcpy(target, text, len + 1);
    return NULL;
}

static const char *parse_level(const char *text, void *target, size_t size)
{
    return topic_level_valid(text) ? parse_text(text, target, size) : "only a-z, 0-9, _ and - may stand here";
}

static const char *parse_plate(const char *text, void *target, size_t size)
{
    (void)size;
    return plate_normalise(text, target) == 0 ? NULL : "is not a licence plate";
}

static const char *parse_day(const char *text, void *target, size_t size)
{
    (void)size;
    int32_t day;
    if (utc_day_parse(text, &day) < 0)
        return "is not a date (YYYY-MM-DD)";
    if (day <= 0) /* 0 means "none" everywhere */
        return "is before 1970";
    *(int32_t *)target = day;
    return NULL;
}

static const char *parse_persons(const char *text, void *target, size_t size)
{
    (void)size;
    static const char reason[] = "is not a whole number from 1 to 200";
    unsigned value = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || value > PERSONS_MAX)
            return reason;
        value = value * 10 + (unsigned)(*c - '0');
    }
    if (value < 1 || value > PERSONS_MAX)
        return reason;
    *(uint16_t *)target = (uint16_t)value;
    return NULL;
}

const char *tables_minute(const char *text, void *target, size_t size)
{
    (void)size;
    static const char shape[] = "dd:dd";
    static const char reason[] = "is not a time (HH:MM, 00:00 to 24:00)";
    for (size_t i = 0; i < sizeof(shape); i++) /* the closing NUL too */
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return reason;
    const int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    if (minute > 59 || hour * 60 + minute > 24 * 60)
        return reason;
    *(uint16_t *)target = (uint16_t)(hour * 60 + minute);
    return NULL;
}

static const char *parse_weekdays(const char *text, void *target, size_t size)
{
    (void)size;
    unsigned days = 0;
    for (; *text; text++) {
        if (*text < '1' || *text > '7')
            return "only the digits 1 (Monday) to 7 may stand here";
        const unsigned bit = 1u << (*text - '1');
        if (days & bit)
            return "names a day twice";
        days |= bit;
    }
    *(uint8_t *)target = (uint8_t)days;
    return NULL;
}

static const char *parse_class(const char *text, void *target, size_t size)
{
    (void)size;
    static const char *const names[] = {
        [BW_CLASS_LARGE] = "large", [BW_CLASS_MEDIUM] = "medium", [BW_CLASS_SMALL] = "small"};
    for (int i = BW_CLASS_LARGE; i <= BW_CLASS_SMALL; i++) {
        if (strcmp(text, names[i]) == 0) {
            *(enum bw_vehicle_class *)target = (enum bw_vehicle_class)i;
            return NULL;
        }
    }
    return "must be large, medium or small";
}

static const char *parse_status(const char *text, void *target, size_t size)
{
    (void)size;
    static const char *const names[] = {
        [BW_STATUS_ACTIVE] = "active", [BW_STATUS_SUSPENDED] = "suspended", [BW_STATUS_REVOKED] = "revoked"};
    for (int i = BW_STATUS_ACTIVE; i <= BW_STATUS_REVOKED; i++) {
        if (strcmp(text, names[i]) == 0) {
            *(enum bw_permit_status *)target = (enum bw_permit_status)i;
            return NULL;
        }
    }
    return "must be active, suspended or revoked";
}

static const char *check_permit(const void *row)
{
    const struct bw_permit *permit = &((const struct registry_permit *)row)->permit;
    if (permit->window_start_min >= permit->window_end_min)
        return "window_start must be before window_end";
    if (permit->valid_from_day > permit->valid_until_day)
        return "valid_from must not be after valid_until";
    return NULL;
}

#define AT(type, field) offsetof(struct type, field), sizeof(((struct type *)NULL)->field)
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))

static const struct csvfile_column SCHOOL_COLUMNS[] = {
    {"school_id", parse_text, AT(registry_school, school_id), false},
    {"name", parse_text, AT(registry_school, name), false},
    {"division", parse_level, AT(registry_school, division), false},
    {"township", parse_text, AT(registry_school, township), true},
};
const struct csvfile_table SCHOOLS_TABLE = {"schools.csv", sizeof(struct registry_school),
                                            COUNT(SCHOOL_COLUMNS), SCHOOL_COLUMNS, NULL};

static const struct csvfile_column VEHICLE_COLUMNS[] = {
    {"vehicle_id", parse_level, AT(registry_vehicle, vehicle_id), false},
    {"plate", parse_plate, AT(registry_vehicle, plate), false},
    {"plate_color", parse_text, AT(registry_vehicle, plate_color), false},
    {"school_id", parse_text, AT(registry_vehicle, school_id), false},
    {"vehicle_class", parse_class, AT(registry_vehicle, vehicle_class), false},
    {"seats", parse_persons, AT(registry_vehicle, seats), false},
    {"approved_capacity", parse_persons, AT(registry_vehicle, approved_capacity), false},
    {"inspected_until", parse_day, AT(registry_vehicle, inspected_until_day), false},
    {"scrapped_on", parse_day, AT(registry_vehicle, scrapped_day), true},
};
const struct csvfile_table VEHICLES_TABLE = {"vehicles.csv", sizeof(struct registry_vehicle),
                                             COUNT(VEHICLE_COLUMNS), VEHICLE_COLUMNS, NULL};

static const struct csvfile_column DRIVER_COLUMNS[] = {
    {"driver_id", parse_text, AT(registry_driver, driver_id), false},
    {"name", parse_text, AT(registry_driver, name), false},
    {"qualified_until", parse_day, AT(registry_driver, qualified_until_day), false},
};
const struct csvfile_table DRIVERS_TABLE = {"drivers.csv", sizeof(struct registry_driver),
                                            COUNT(DRIVER_COLUMNS), DRIVER_COLUMNS, NULL};

static const struct csvfile_column PERMIT_COLUMNS[] = {
    {"permit_no", parse_text, AT(registry_permit, permit.permit_no), false},
    {"vehicle_id", parse_level, AT(registry_permit, vehicle_id), false},
    {"driver_id", parse_text, AT(registry_permit, permit.driver_id), true},
    {"route_id", parse_text, AT(registry_permit, permit.route_id), false},
    {"weekdays", parse_weekdays, AT(registry_permit, permit.weekdays), false},
    {"window_start", tables_minute, AT(registry_permit, permit.window_start_min), false},
    {"window_end", tables_minute, AT(registry_permit, permit.window_end_min), false},
    {"valid_from", parse_day, AT(registry_permit, permit.valid_from_day), false},
    {"valid_until", parse_day, AT(registry_permit, permit.valid_until_day), false},
    {"status", parse_status, AT(registry_permit, permit.status), false},
};
const struct csvfile_table PERMITS_TABLE = {"permits.csv", sizeof(struct registry_permit),
                                            COUNT(PERMIT_COLUMNS), PERMIT_COLUMNS, check_permit};
