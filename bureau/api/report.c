/* /v1/report and /v1/report.xlsx: the figures of a term. */
#include "bureau/api/internal.h"
#include "bureau/api/reporter.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* NULL, or what is wrong. */
static const char *read_question(const struct api_request *request, struct reporting *reporting)
{
    const char *from = request_query(request, "from"), *to = request_query(request, "to"),
               *by = request_query(request, "by"), *lang = request_query(request, "lang");
    struct report_query *query = &reporting->query;
    if (!from || utc_day_parse(from, &query->from_day) != 0)
        return "from: a day, YYYY-MM-DD";
    if (!to || utc_day_parse(to, &query->to_day) != 0)
        return "to: a day, YYYY-MM-DD";
    const int err = report_check(query->from_day, query->to_day);
    if (err != 0)
        return err == -EINVAL ? "from comes after to" : "a report covers 366 days at most";
    const bool by_school = by && strcmp(by, "school") == 0;
    if (by && !by_school && strcmp(by, "township") != 0)
        return "by: school or township";
    query->by = by_school ? REPORT_BY_SCHOOL : REPORT_BY_TOWNSHIP;
    const bool english = lang && strcmp(lang, "en") == 0;
    if (lang && !english && strcmp(lang, "zh") != 0)
        return "lang: zh or en";
    reporting->language = english ? WORDS_EN : WORDS_ZH;
    return NULL;
}

/* status 0: it is being made. */
static struct api_reply ask(struct api *api, const struct api_request *request, bool workbook)
{
    struct reporting *reporting = request->reporting;
    const char *wrong = read_question(request, reporting);
    const char *school = access_school(request->who);
    if (wrong)
        return reply_bad_request(wrong);
    (void)snprintf(reporting->school_id, sizeof(reporting->school_id), "%s", school ? school : "");
    reporting->query.school_id = school ? reporting->school_id : NULL;
    reporting->query.bureau = api->config->name;
    reporting->query.now_utc_ms = request_now_ms(CLOCK_REALTIME);
    reporting->workbook = workbook;
    const int rc = reporter_ask(api->reporter, request->connection, reporting);
    if (rc == 0)
        return (struct api_reply){0, NULL};
    return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                       rc == -EBUSY ? "as many reports as can wait are waiting" : "the server is ending");
}

static struct api_reply reply_failed(const struct reporting *reporting)
{
    if (reporting->err == -ENOENT && reporting->query.school_id)
        return reply_not_found("your school is not in the registry");
    if (reporting->err == -ESHUTDOWN || reporting->err == -ECANCELED)
        return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "the server is ending");
    if (reporting->workbook)
        return reply_error(
            MHD_HTTP_SERVICE_UNAVAILABLE, "report",
            "the workbook cannot be made: the store cannot be read, or there is no room in /tmp");
    return reply_store_failed();
}

static struct api_reply reply_workbook(struct reporting *reporting)
{
    char from[UTC_DAY_TEXT_LEN], to[UTC_DAY_TEXT_LEN], disposition[96];
    struct stat status;
    struct api_reply reply = {MHD_HTTP_OK, NULL};
    utc_day_format(reporting->query.from_day, from);
    utc_day_format(reporting->query.to_day, to);
    (void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"report-%s-%s.xlsx\"", from, to);
    if (fstat(reporting->fd, &status) == 0)
        reply.response = MHD_create_response_from_fd64((uint64_t)status.st_size, reporting->fd);
    if (reply.response)
        reporting->fd = -1; /* the response closes it */
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE,
                 "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    reply_header(&reply, "Content-Disposition", disposition);
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}

struct api_reply handle_report(struct api *api, const struct api_request *request)
{
    struct reporting *reporting = request->reporting;
    if (reporting->state == REPORTING_NONE)
        return ask(api, request, false);
    if (reporting->err != 0)
        return reply_failed(reporting);
    json_t *json = reporting->json;
    reporting->json = NULL;
    return reply_json(MHD_HTTP_OK, json);
}

struct api_reply handle_report_workbook(struct api *api, const struct api_request *request)
{
    struct reporting *reporting = request->reporting;
    if (reporting->state == REPORTING_NONE)
        return ask(api, request, true);
    return reporting->err != 0 ? reply_failed(reporting) : reply_workbook(reporting);
}
