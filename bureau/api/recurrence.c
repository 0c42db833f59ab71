#include "bureau/api/recurrence.h"

#include "bureau/api/sightingjson.h"
#include "bureau/registry/nearmiss.h"
#include "bureau/store/registry.h"
#include "proto/modeljson.h"

#include <errno.h>
#include <stdlib.h>

enum { GATES_MAX = 20 /* of one plate, the most frequent */ };

struct recurrence {
    struct store *store; /* of the worker */
    struct worker *worker;
};

void recurring_free(struct recurring *recurring)
{
    json_decref(recurring->rows);
}

/* --- one list, on the thread --- */

struct repeat_list {
    struct store *store;
    const struct recurring *asked;
    struct registry *registry;
    struct nearmiss *nearmiss;
    json_t *rows;
};

static int add_repeat(void *context, const struct store_repeat *row)
{
    return json_array_append_new(context, sightingjson_repeat(row)) == 0 ? 0 : -ENOMEM;
}

/* At which gates, and in which hours of the day. */
static int put_shares(const struct repeat_list *list, json_t **row, const char *plate)
{
    struct store_repeat_query query = list->asked->query;
    json_t *gates = json_array(), *hours = json_array();
    query.plate = plate;
    query.count_min = 1;
    query.by = STORE_BY_GATE;
    int rc = store_repeats(list->store, &query, GATES_MAX, add_repeat, gates);
    query.by = STORE_BY_HOUR;
    if (rc == 0)
        rc = store_repeats(list->store, &query, 24, add_repeat, hours);
    modeljson_put(row, "at", gates);
    modeljson_put(row, "hours", hours);
    return rc;
}

static int add_plate(const struct repeat_list *list, json_t *row, const char *plate)
{
    struct nearmiss_plate near[NEARMISS_MAX];
    struct registry_answer answer;
    const enum sighting_verdict now = verdict_of(list->registry, plate, list->asked->now_utc_ms, &answer);
    const size_t n = answer.vehicle ? 0 : nearmiss_find(list->nearmiss, plate, near);
    modeljson_put(&row, "verdict", json_string(verdict_name(now)));
    modeljson_put(&row, "vehicle_id",
                  answer.vehicle ? modeljson_text(answer.vehicle->vehicle_id) : json_null());
    modeljson_put(&row, "near_misses", apijson_near_misses(near, n));
    const int rc = put_shares(list, &row, plate);
    return json_array_append_new(list->rows, row) == 0 ? rc : -ENOMEM;
}

/* The walk over plates must be over before each is asked for its gates. */
static int complete_plates(struct repeat_list *list, struct worker *worker)
{
    json_t *plates = list->rows, *row;
    size_t i;
    int rc = store_registry_load(list->store, &list->registry);
    if (rc == 0 && !(list->nearmiss = nearmiss_create(list->registry)))
        rc = -ENOMEM;
    list->rows = json_array();
    json_array_foreach(plates, i, row)
    {
        if (rc == 0 && worker_is_stopping(worker))
            rc = -ECANCELED;
        if (rc == 0)
            rc = add_plate(list, json_incref(row), json_string_value(json_object_get(row, "plate")));
    }
    json_decref(plates);
    nearmiss_destroy(list->nearmiss);
    registry_free(list->registry);
    return rc;
}

static int make(const struct recurrence *recurrence, struct recurring *recurring)
{
    struct repeat_list list = {.store = recurrence->store, .asked = recurring, .rows = json_array()};
    int rc = store_repeats(list.store, &recurring->query, recurring->limit, add_repeat, list.rows);
    if (rc == 0 && recurring->query.by == STORE_BY_PLATE)
        rc = complete_plates(&list, recurrence->worker);
    if (rc == 0)
        recurring->rows = list.rows;
    else
        json_decref(list.rows);
    return rc;
}

static void work(void *context, struct worker_job *queued, bool stopping)
{
    struct recurring *recurring = (struct recurring *)queued; /* its first member */
    recurring->err = stopping ? -ESHUTDOWN : make(context, recurring);
    recurring->state = RECURRING_DONE;
    MHD_resume_connection(recurring->connection); /* from here on it may be gone */
}

/* --- the server's side --- */

int recurrence_create(const char *store_path, struct recurrence **ret)
{
    struct recurrence *recurrence = calloc(1, sizeof(*recurrence));
    if (!recurrence)
        return -ENOMEM;
    const struct worker_config config = {
        .waiting_max = RECURRENCES_WAITING_MAX, .work = work, .context = recurrence};
    int rc = worker_create(&config, &recurrence->worker);
    if (rc == 0)
        rc = store_open(store_path, &recurrence->store);
    if (rc != 0)
        recurrence_destroy(recurrence);
    else
        *ret = recurrence;
    return rc;
}

int recurrence_start(struct recurrence *recurrence)
{
    return worker_start(recurrence->worker);
}

void recurrence_stop(struct recurrence *recurrence)
{
    worker_stop(recurrence->worker);
}

void recurrence_destroy(struct recurrence *recurrence)
{
    if (!recurrence)
        return;
    worker_destroy(recurrence->worker);
    store_close(recurrence->store);
    free(recurrence);
}

static void suspend(void *context)
{
    struct recurring *recurring = context;
    recurring->state = RECURRING_WAITS;
    MHD_suspend_connection(recurring->connection);
}

int recurrence_ask(struct recurrence *recurrence, struct MHD_Connection *connection,
                   struct recurring *recurring)
{
    recurring->connection = connection;
    return worker_do(recurrence->worker, &recurring->queued, suspend, recurring);
}
