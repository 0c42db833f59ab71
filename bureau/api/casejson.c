#include "bureau/api/casejson.h"

#include "proto/modeljson.h"

#include <string.h>

static json_t *name(const char *text)
{
    return *text ? json_string(text) : json_null();
}

json_t *casejson_case(const struct store_case *row, int64_t now_utc_ms)
{
    const struct case_clock clock = {
        .state = row->state, .opened_utc_ms = row->opened_utc_ms, .deadline_utc_ms = row->deadline_utc_ms};
    json_t *json = json_object();
    modeljson_put(&json, "id", json_integer(row->id));
    modeljson_put(&json, "kind", name(case_kind_name(row->kind)));
    modeljson_put(&json, "source", name(case_source_name(row->source)));
    modeljson_put(&json, "state", name(case_state_name(row->state)));
    modeljson_put(&json, "severity", json_string(modeljson_severity(row->severity)));
    modeljson_put(&json, "vehicle_id", modeljson_text(row->vehicle));
    modeljson_put(&json, "plate", modeljson_text(row->plate));
    modeljson_put(&json, "division", modeljson_text(row->division));
    modeljson_put(&json, "school_id", modeljson_text(row->school_id));
    modeljson_put(&json, "school", modeljson_text(row->school));
    modeljson_put(&json, "township", modeljson_text(row->township));
    modeljson_put(&json, "assigned_school_id", modeljson_text(row->assigned_school_id));
    modeljson_put(&json, "assigned_school", modeljson_text(row->assigned_school));
    modeljson_put(&json, "handler", modeljson_text(row->handler));
    modeljson_put(&json, "happened_at", modeljson_instant(row->happened_utc_ms));
    modeljson_put(&json, "last_at", modeljson_instant(row->last_utc_ms));
    modeljson_put(&json, "opened_at", modeljson_instant(row->opened_utc_ms));
    modeljson_put(&json, "ended_at", modeljson_instant(row->ended_utc_ms));
    modeljson_put(&json, "deadline", modeljson_instant(row->deadline_utc_ms));
    modeljson_put(&json, "overdue", json_boolean(case_is_overdue(&clock, now_utc_ms)));
    modeljson_put(&json, "late", json_boolean(row->late));
    modeljson_put(&json, "answer", name(case_answer_name(row->answer)));
    modeljson_put(&json, "level", json_integer(row->level));
    modeljson_put(&json, "handed_over_at", modeljson_instant(row->handed_over_utc_ms));
    modeljson_put(&json, "earlier_id", row->earlier_id > 0 ? json_integer(row->earlier_id) : json_null());
    modeljson_put(&json, "recurrence", json_integer(row->recurrence));
    modeljson_put(&json, "merged", json_integer(row->n_merged));
    modeljson_put(&json, "last_step", json_integer(row->last_step));
    return json;
}

json_t *casejson_step(const struct store_case_step *row, int64_t now_utc_ms)
{
    json_t *json = json_object();
    modeljson_put(&json, "number", json_integer(row->number));
    modeljson_put(&json, "case_id", json_integer(row->case_id));
    modeljson_put(&json, "at", modeljson_instant(row->utc_ms));
    modeljson_put(&json, "who", modeljson_text(row->who));
    modeljson_put(&json, "role", name(case_role_name(row->role)));
    modeljson_put(&json, "action", name(case_action_name(row->action)));
    modeljson_put(&json, "state", name(case_state_name(row->state)));
    modeljson_put(&json, "severity", json_string(modeljson_severity(row->severity)));
    modeljson_put(&json, "level", json_integer(row->level));
    modeljson_put(&json, "school_id", modeljson_text(row->school_id));
    modeljson_put(&json, "school", modeljson_text(row->school));
    modeljson_put(&json, "deadline", modeljson_instant(row->deadline_utc_ms));
    modeljson_put(&json, "answer", name(case_answer_name(row->answer)));
    modeljson_put(&json, "alert_id", row->alert_id > 0 ? json_integer(row->alert_id) : json_null());
    modeljson_put(&json, "sighting_id", row->sighting_id > 0 ? json_integer(row->sighting_id) : json_null());
    modeljson_put(&json, "text", modeljson_text(row->text));
    if (row->of)
        modeljson_put(&json, "case", casejson_case(row->of, now_utc_ms));
    return json;
}

enum case_role casejson_role(const struct access_who *who)
{
    switch (who->role) {
    case ACCESS_ADMIN:
        return CASE_ROLE_ADMIN;
    case ACCESS_BUREAU:
        return CASE_ROLE_BUREAU;
    case ACCESS_SCHOOL:
        return CASE_ROLE_SCHOOL;
    case ACCESS_POLICE:
        break;
    }
    return CASE_ROLE_POLICE;
}

json_t *casejson_actions(const struct store_case *row, const struct access_who *who)
{
    json_t *actions = json_array();
    /* MERGE comes from sightings alone: nobody does it to a case by itself. */
    for (int action = CASE_DO_RAISE; action < CASE_ACTIONS; action++) {
        const struct case_move move = {.action = (enum case_action)action,
                                       .role = casejson_role(who),
                                       .own = *who->school_id &&
                                              strcmp(who->school_id, row->assigned_school_id) == 0,
                                       .answer = CASE_DONE,
                                       .has_text = true};
        enum case_state next;
        if (case_next(row->state, &move, &next) == CASE_ALLOWED)
            (void)json_array_append_new(actions, json_string(case_action_name(move.action)));
    }
    return actions;
}
