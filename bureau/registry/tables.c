#include "bureau/registry/tables.h"

#include "bureau/registry/plate.h"
#include "proto/topic.h"
#include "proto/utc.h"

#include <stddef.h>
#include <stdio.h>
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

const char *registry_taken_id(size_t i)
{
    static const char *const taken[] = {"bureau", "server", "feed"};
    return i < sizeof(taken) / sizeof(taken[0]) ? taken[i] : NULL;
}

bool registry_is_taken_id(const char *vehicle_id)
{
    for (size_t i = 0; registry_taken_id(i) != NULL; i++)
        if (strcmp(vehicle_id, registry_taken_id(i)) == 0)
            return true;
    return false;
}

static const char *parse_vehicle(const char *text, void *target, size_t size)
{
    return registry_is_taken_id(text)
               ? "is no vehicle's: bureau, server and feed have a meaning at the broker"
               : parse_level(text, target, size);
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

static const char *const CLASSES[] = {[BW_CLASS_UNKNOWN] = "",
                                      [BW_CLASS_LARGE] = "large",
                                      [BW_CLASS_MEDIUM] = "medium",
                                      [BW_CLASS_SMALL] = "small"};
static const char *const STATUSES[] = {
    "", [BW_STATUS_ACTIVE] = "active", [BW_STATUS_SUSPENDED] = "suspended", [BW_STATUS_REVOKED] = "revoked"};

static const char *parse_class(const char *text, void *target, size_t size)
{
    (void)size;
    for (int i = BW_CLASS_LARGE; i <= BW_CLASS_SMALL; i++) {
        if (strcmp(text, CLASSES[i]) == 0) {
            *(enum bw_vehicle_class *)target = (enum bw_vehicle_class)i;
            return NULL;
        }
    }
    return "must be large, medium or small";
}

static const char *parse_status(const char *text, void *target, size_t size)
{
    (void)size;
    for (int i = BW_STATUS_ACTIVE; i <= BW_STATUS_REVOKED; i++) {
        if (strcmp(text, STATUSES[i]) == 0) {
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

/* --- and back --- */

static void format_text(const void *source, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s", (const char *)source);
}

static void format_day(const void *source, char *ret, size_t size)
{
    char text[UTC_DAY_TEXT_LEN] = "";
    const int32_t day = *(const int32_t *)source;
    if (day != 0)
        utc_day_format(day, text);
    format_text(text, ret, size);
}

void tables_persons_text(const void *source, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%u", (unsigned)*(const uint16_t *)source);
}

static void format_minute(const void *source, char *ret, size_t size)
{
    char text[UTC_MINUTE_TEXT_LEN];
    utc_minute_format(*(const uint16_t *)source, text);
    format_text(text, ret, size);
}

void tables_weekdays_text(const void *source, char *ret, size_t size)
{
    char text[8];
    size_t n = 0;
    for (int day = 1; day <= 7; day++)
        if (*(const uint8_t *)source >> (day - 1) & 1)
            text[n++] = (char)('0' + day);
    text[n] = '\0';
    format_text(text, ret, size);
}

static void format_class(const void *source, char *ret, size_t size)
{
    const enum bw_vehicle_class class = *(const enum bw_vehicle_class *)source;
    format_text(class <= BW_CLASS_SMALL ? CLASSES[class] : "", ret, size);
}

static void format_status(const void *source, char *ret, size_t size)
{
    const enum bw_permit_status status = *(const enum bw_permit_status *)source;
    format_text(status <= BW_STATUS_REVOKED ? STATUSES[status] : "", ret, size);
}

#define AT(type, field) offsetof(struct type, field), sizeof(((struct type *)NULL)->field)
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))

static const struct csvfile_column SCHOOL_COLUMNS[] = {
    {"school_id", parse_text, format_text, AT(registry_school, school_id), CSVFILE_MUST},
    {"name", parse_text, format_text, AT(registry_school, name), CSVFILE_MUST},
    {"division", parse_level, format_text, AT(registry_school, division), CSVFILE_MUST},
    {"township", parse_text, format_text, AT(registry_school, township), CSVFILE_MAY_BE_EMPTY},
};
const struct csvfile_table SCHOOLS_TABLE = {.file = "schools.csv",
                                            .row_size = sizeof(struct registry_school),
                                            .n_columns = COUNT(SCHOOL_COLUMNS),
                                            .columns = SCHOOL_COLUMNS};

static const struct csvfile_column VEHICLE_COLUMNS[] = {
    {"vehicle_id", parse_vehicle, format_text, AT(registry_vehicle, vehicle_id), CSVFILE_MUST},
    {"plate", parse_plate, format_text, AT(registry_vehicle, plate), CSVFILE_MUST},
    {"plate_color", parse_text, format_text, AT(registry_vehicle, plate_color), CSVFILE_MUST},
    {"school_id", parse_text, format_text, AT(registry_vehicle, school_id), CSVFILE_MUST},
    {"vehicle_class", parse_class, format_class, AT(registry_vehicle, vehicle_class), CSVFILE_MUST},
    {"seats", parse_persons, tables_persons_text, AT(registry_vehicle, seats), CSVFILE_MUST},
    {"approved_capacity", parse_persons, tables_persons_text, AT(registry_vehicle, approved_capacity),
     CSVFILE_MUST},
    {"inspected_until", parse_day, format_day, AT(registry_vehicle, inspected_until_day), CSVFILE_MUST},
    {"scrapped_on", parse_day, format_day, AT(registry_vehicle, scrapped_day), CSVFILE_MAY_BE_EMPTY},
};
const struct csvfile_table VEHICLES_TABLE = {.file = "vehicles.csv",
                                             .row_size = sizeof(struct registry_vehicle),
                                             .n_columns = COUNT(VEHICLE_COLUMNS),
                                             .columns = VEHICLE_COLUMNS};

static const struct csvfile_column DRIVER_COLUMNS[] = {
    {"driver_id", parse_text, format_text, AT(registry_driver, driver_id), CSVFILE_MUST},
    {"name", parse_text, format_text, AT(registry_driver, name), CSVFILE_MUST},
    {"qualified_until", parse_day, format_day, AT(registry_driver, qualified_until_day), CSVFILE_MUST},
};
const struct csvfile_table DRIVERS_TABLE = {.file = "drivers.csv",
                                            .row_size = sizeof(struct registry_driver),
                                            .n_columns = COUNT(DRIVER_COLUMNS),
                                            .columns = DRIVER_COLUMNS};

static const struct csvfile_column PERMIT_COLUMNS[] = {
    {"permit_no", parse_text, format_text, AT(registry_permit, permit.permit_no), CSVFILE_MUST},
    {"vehicle_id", parse_level, format_text, AT(registry_permit, vehicle_id), CSVFILE_MUST},
    {"driver_id", parse_text, format_text, AT(registry_permit, permit.driver_id), CSVFILE_MAY_BE_EMPTY},
    {"route_id", parse_text, format_text, AT(registry_permit, permit.route_id), CSVFILE_MUST},
    {"weekdays", parse_weekdays, tables_weekdays_text, AT(registry_permit, permit.weekdays), CSVFILE_MUST},
    {"window_start", tables_minute, format_minute, AT(registry_permit, permit.window_start_min),
     CSVFILE_MUST},
    {"window_end", tables_minute, format_minute, AT(registry_permit, permit.window_end_min), CSVFILE_MUST},
    {"valid_from", parse_day, format_day, AT(registry_permit, permit.valid_from_day), CSVFILE_MUST},
    {"valid_until", parse_day, format_day, AT(registry_permit, permit.valid_until_day), CSVFILE_MUST},
    {"status", parse_status, format_status, AT(registry_permit, permit.status), CSVFILE_MUST},
};
const struct csvfile_table PERMITS_TABLE = {.file = "permits.csv",
                                            .row_size = sizeof(struct registry_permit),
                                            .n_columns = COUNT(PERMIT_COLUMNS),
                                            .columns = PERMIT_COLUMNS,
                                            .check = check_permit};
