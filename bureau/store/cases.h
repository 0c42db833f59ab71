/* Cases: a row each, and the log of their steps. One case is going of each subject, kind and trip; a step
 * changes the row and is written into the log in one, or not at all. What may follow what is
 * bureau/cases/state.h, by when bureau/cases/policy.h. Otherwise as store.h. */
#ifndef BUSWARDEN_STORE_CASES_H
#define BUSWARDEN_STORE_CASES_H

#include "bureau/cases/policy.h"
#include "bureau/store/store.h"

enum { STORE_CASE_TEXT_MAX = 2000 }; /* bytes of a step's text; of who did it: BW_NAME_LEN */

/* As it is now. "" = none. */
struct store_case {
    int64_t id;
    int kind; /* enum bw_kind, or enum case_kind */
    enum case_source source;
    enum case_state state;
    enum bw_severity severity; /* the gravest so far */
    const char *subject, *vehicle;
    const char *plate; /* the registry's now; of a vehicle that is not there, as it was then */
    const char *division, *school_id, *school; /* school: the name */
    const char *township;
    const char *assigned_school_id, *assigned_school;
    const char *handler;
    int64_t trip_utc_ms;
    int64_t happened_utc_ms, last_utc_ms; /* the first and the last of what it is about */
    int64_t opened_utc_ms, ended_utc_ms;  /* 0 = going */
    int64_t deadline_utc_ms;              /* 0 = none */
    int64_t handed_over_utc_ms;           /* to the police; 0 = not */
    bool late;                            /* opened by data that came late */
    enum case_answer answer;              /* the school's last, since it was assigned */
    uint8_t level;                        /* enum case_level: told so far */
    int64_t earlier_id;                   /* 0 = none */
    int64_t recurrence;                   /* earlier cases in the policy's time */
    int64_t n_merged;
    int64_t last_step;
};
typedef int (*store_case_fn)(void *context, const struct store_case *row);

struct store_case_query {
    const char *school_id;  /* whoever asks is this school: its own rows only. NULL = all */
    uint32_t states;        /* bit per enum case_state; 0 = all */
    uint32_t kinds;         /* bit per kind; 0 = all */
    bool assigned;          /* of those the ones that are assigned to school_id */
    const char *of_school;  /* its vehicles, or assigned to it; NULL = all */
    const char *vehicle;    /* NULL = all */
    const char *handler;    /* NULL = all */
    int64_t overdue_utc_ms; /* assigned, and the deadline was before this; 0 = all */
    bool handed_over;       /* those handed over to the police only */
    int64_t before_id;      /* 0 = from the newest */
};
/* The newest first. */
int store_cases(struct store *store, const struct store_case_query *query, int limit, store_case_fn fn,
                void *context);
/* -ENOENT: no such case, or none that this school (NULL = anybody) may see. */
int store_case(struct store *store, int64_t id, const char *school_id, store_case_fn fn, void *context);
/* Going ones by deadline and age, for who escalates: those after `after_id`, by id. */
int store_cases_going(struct store *store, int64_t after_id, int limit, store_case_fn fn, void *context);
/* The going case of a subject and kind, of whatever trip (the newest). -ENOENT. */
int store_case_of(struct store *store, const char *subject, int kind, store_case_fn fn, void *context);

struct store_case_step {
    int64_t number; /* ascending over all cases: the cursor of who reads on */
    int64_t case_id, utc_ms;
    const char *who;
    enum case_role role;
    enum case_action action;
    /* After it: */
    enum case_state state;
    enum bw_severity severity;
    uint8_t level;
    const char *school_id, *school; /* that it is assigned to; school: the name */
    int64_t deadline_utc_ms;
    enum case_answer answer;       /* of this step */
    int64_t alert_id, sighting_id; /* 0 = none */
    const char *text;
    const struct store_case *of; /* as it is now; NULL in store_case_steps() */
};
typedef int (*store_case_step_fn)(void *context, const struct store_case_step *row);
/* All of one case, in order. */
int store_case_steps(struct store *store, int64_t case_id, store_case_step_fn fn, void *context);
/* Of all cases after a step, in order, with their cases. school_id as in struct store_case_query. */
int store_case_steps_after(struct store *store, int64_t after, const char *school_id, int limit,
                           store_case_step_fn fn, void *context);
int store_last_case_step(struct store *store, int64_t *ret); /* 0 = none yet */
/* The last step taken before an instant (0 = none), and when an alert event, or the last one before it, was
 * received (-ENOENT). */
int store_case_step_before(struct store *store, int64_t utc_ms, int64_t *ret);
int store_event_received(struct store *store, int64_t event, int64_t *ret_utc_ms);
/* The present state of the alerts that a case is about. */
int store_case_alerts(struct store *store, int64_t case_id, store_alert_fn fn, void *context);

/* The ALERT records that these alerts' phases came from. */
typedef int (*store_case_record_fn)(void *context, const uint8_t stream[BW_STREAM_LEN], uint64_t seq);
int store_case_records(struct store *store, int64_t case_id, int limit, store_case_record_fn fn,
                       void *context);

/* --- what happens to them: each a savepoint, within the caller's transaction or without one --- */

/* What happened. Strings "" = none. */
struct store_case_opening {
    int kind;
    enum case_source source;
    const char *subject;         /* "" = the vehicle */
    const char *vehicle, *plate; /* division, school and plate of a registered vehicle are looked up */
    const char *division;        /* of what is no vehicle of ours */
    enum bw_severity severity;
    int64_t trip_utc_ms;             /* 0 = of no trip */
    int64_t happened_utc_ms, utc_ms; /* utc_ms: now */
    bool late;
    int64_t alert_id, sighting_id;
    const char *who, *text;
    enum case_role role;
};
/* Joins the case that is going, or opens one; a new one refers to the last before it, and counts how many
 * there were. One that it joins is raised if this is graver, with the graver band's time if that is less, and
 * goes back to whoever it is assigned to if this happened after it was rectified. */
int store_case_open(struct store *store, const struct case_policy *policy,
                    const struct store_case_opening *opening, int64_t *ret_id, bool *ret_opened);

/* 1: a step of a case of this subject and kind, whatever became of it, has just these words; 0: none. */
int store_case_told(struct store *store, const char *subject, int kind, const char *text);

/* After store_alert_apply() made `event`: opens a case, joins one or makes one graver, as the policy says. */
int store_case_on_alert(struct store *store, const struct case_policy *policy, const char *vehicle,
                        const struct bw_alert *alert, int64_t event, int64_t received_utc_ms);

/* What somebody does to a case. */
struct store_case_deed {
    enum case_action action; /* one of case_next() */
    enum case_role role;
    const char *who;
    const char *own_school_id; /* of whoever has the role SCHOOL; else NULL */
    const char *text;          /* "" = none */
    const char *school_id;     /* ASSIGN: NULL = as assigned, else the vehicle's; "" = the bureau itself */
    int64_t deadline_utc_ms;   /* ASSIGN, RETURN: 0 = the policy's, from now */
    enum case_answer answer;   /* ANSWER */
    uint8_t level;             /* ESCALATE: 0 = the next */
    int64_t alert_id;
    int64_t utc_ms; /* now */
};
/* seen_step: the last step that whoever acts has seen; 0 = whatever it is. -ENOENT: no such case for this
 * school; -ESTALE: the case moved on; -EPERM: *ret_refusal says why not; -EINVAL: no such school, too long a
 * text, or a deadline that is over. ret_step may be NULL. */
int store_case_act(struct store *store, const struct case_policy *policy, int64_t id, int64_t seen_step,
                   const struct store_case_deed *deed, enum case_refusal *ret_refusal, int64_t *ret_step);

#endif
