#include "gateway/compliance/corridor.h"

#include <math.h>
#include <string.h>

enum {
    LEAF_SEGMENTS = 8,   /* tested one by one: fewer boxes, and still inside two cache lines */
    WINDOW_SEGMENTS = 8, /* on either side of the nearest one */
};

static const double E7 = 1e7;
static const double REACH_M = 100; /* how far a search looks for what else comes near */
static const double SLACK_M = 0.5; /* more than the scale changes between two latitudes that near */
/* What rules segments out may not exceed, by rounding, the distance that it bounds. */
static const double BOUND = 1 - 1e-14;

/* A vertex relative to the route's first longitude. Doubles of whole 1e-7 degrees: exact, as the licence
 * carries them. */
struct vertex {
    int32_t x_e7, y_e7; /* longitude offset, latitude */
};

struct box {
    int32_t x0, y0, x1, y1;
};

struct corridor {
    double origin_lon_deg;
    uint32_t n_vertices;
    uint32_t n_segments; /* n_vertices - 1; those across two parts are skipped */
    uint32_t n_leaves;
    uint32_t first_leaf; /* index of the first leaf's box in the implicit tree, a power of two minus one */
    uint32_t hint;       /* segment that was nearest before */
    /* From a search at (x, y): no segment outside window_start .. window_end - 1 was nearer than clear_m. */
    uint32_t window_start, window_end;
    double x_e7, y_e7, clear_m;
    struct vertex *vertices;
    double *progress_m; /* of each vertex */
    uint8_t *joined;    /* joined[i]: a segment runs from vertex i to i + 1 */
    struct box *boxes;  /* node k has children 2k + 1 and 2k + 2 */
};

/* What one query carries down the tree. */
struct query {
    double x_e7, y_e7;       /* the point, in vertex coordinates */
    double scale_x, scale_y; /* metres per 1e-7 degree */
    double best_m2;
    uint32_t best;                 /* segment */
    double best_t;                 /* 0..1 along it */
    uint32_t skip_start, skip_end; /* segments not to be tried: skip_start .. skip_end - 1 */
};

struct corridor_place corridor_place(double lat_deg, double lon_deg)
{
    static const double A_M = 6378137.0, E2 = 6.69437999014e-3, RAD = 0.017453292519943295; /* WGS-84 */
    const double phi = lat_deg * RAD, s = sin(phi);
    const double w2 = 1.0 - E2 * s * s, w = sqrt(w2);
    return (struct corridor_place){
        .lat_deg = lat_deg,
        .lon_deg = lon_deg,
        .lat_m = RAD * A_M * (1.0 - E2) / (w2 * w), /* meridian radius of curvature */
        .lon_m = RAD * A_M / w * cos(phi),          /* prime vertical radius */
    };
}

double corridor_lon_difference(double a_deg, double b_deg)
{
    double d = a_deg - b_deg;
    if (d >= 180)
        d -= 360;
    else if (d < -180)
        d += 360;
    return d;
}

static uint32_t leaves_of(uint32_t segments)
{
    return (segments + LEAF_SEGMENTS - 1) / LEAF_SEGMENTS;
}

/* Boxes of the tree: all inner nodes of a complete tree, and the leaves that exist. */
static uint32_t first_leaf_of(uint32_t leaves)
{
    uint32_t width = 1;
    while (width < leaves)
        width *= 2;
    return width - 1;
}

/* Sections of the caller's memory, in order of alignment. */
struct layout {
    size_t progress, vertices, boxes, joined, total;
};

static struct layout layout_of(uint32_t n_vertices)
{
    const uint32_t leaves = leaves_of(n_vertices - 1);
    struct layout at;
    at.progress = sizeof(struct corridor);
    at.vertices = at.progress + n_vertices * sizeof(double);
    at.boxes = at.vertices + n_vertices * sizeof(struct vertex);
    at.joined = at.boxes + ((size_t)first_leaf_of(leaves) + leaves) * sizeof(struct box);
    at.total = (at.joined + n_vertices + 15) / 16 * 16;
    return at;
}

size_t corridor_size(const struct bw_route *route)
{
    return layout_of((uint32_t)route->n_points).total;
}

static void place_vertices(struct corridor *c, const struct bw_route *route)
{
    memset(c->joined, 0, c->n_vertices);
    for (size_t part = 0; part < route->n_parts; part++)
        for (uint32_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++)
            c->joined[i] = 1;
    double progress_m = 0;
    for (uint32_t i = 0; i < c->n_vertices; i++) {
        const struct bw_point *p = &route->points[i];
        const double x = corridor_lon_difference(p->lon_deg, c->origin_lon_deg);
        c->vertices[i] = (struct vertex){(int32_t)lround(x * E7), (int32_t)lround(p->lat_deg * E7)};
        if (i > 0 && c->joined[i - 1]) {
            const struct bw_point *q = &route->points[i - 1];
            const struct corridor_place middle = corridor_place((p->lat_deg + q->lat_deg) / 2, p->lon_deg);
            const double dx = corridor_lon_difference(p->lon_deg, q->lon_deg) * middle.lon_m;
            const double dy = (p->lat_deg - q->lat_deg) * middle.lat_m;
            progress_m += sqrt(dx * dx + dy * dy);
        }
        c->progress_m[i] = progress_m;
    }
}

static const struct box empty_box = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

static void box_add(struct box *box, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
    box->x0 = x0 < box->x0 ? x0 : box->x0;
    box->y0 = y0 < box->y0 ? y0 : box->y0;
    box->x1 = x1 > box->x1 ? x1 : box->x1;
    box->y1 = y1 > box->y1 ? y1 : box->y1;
}

static void build_boxes(struct corridor *c)
{
    const uint32_t n_boxes = c->first_leaf + c->n_leaves;
    for (uint32_t k = 0; k < n_boxes; k++)
        c->boxes[k] = empty_box;
    for (uint32_t s = 0; s < c->n_segments; s++) {
        const struct vertex *a = &c->vertices[s], *b = a + 1;
        struct box *box = &c->boxes[c->first_leaf + s / LEAF_SEGMENTS];
        if (!c->joined[s])
            continue;
        box_add(box, a->x_e7, a->y_e7, a->x_e7, a->y_e7);
        box_add(box, b->x_e7, b->y_e7, b->x_e7, b->y_e7);
    }
    for (uint32_t k = n_boxes - 1; k > 0; k--) {
        const struct box *child = &c->boxes[k];
        if (child->x0 <= child->x1)
            box_add(&c->boxes[(k - 1) / 2], child->x0, child->y0, child->x1, child->y1);
    }
}

struct corridor *corridor_init(void *memory, const struct bw_route *route)
{
    struct corridor *c = memory;
    unsigned char *base = memory;
    const struct layout at = layout_of((uint32_t)route->n_points);
    *c = (struct corridor){
        .origin_lon_deg = route->points[0].lon_deg,
        .n_vertices = (uint32_t)route->n_points,
        .n_segments = (uint32_t)route->n_points - 1,
        .n_leaves = leaves_of((uint32_t)route->n_points - 1),
        .vertices = (struct vertex *)(void *)(base + at.vertices),
        .progress_m = (double *)(void *)(base + at.progress),
        .joined = base + at.joined,
        .boxes = (struct box *)(void *)(base + at.boxes),
    };
    c->first_leaf = first_leaf_of(c->n_leaves);
    place_vertices(c, route);
    build_boxes(c);
    return c;
}

static void keep_nearer(struct query *q, uint32_t s, double m2, double t)
{
    if (m2 < q->best_m2 || (m2 == q->best_m2 && s < q->best)) {
        q->best_m2 = m2;
        q->best = s;
        q->best_t = t;
    }
}

/* Divides only for a segment whose inside is nearer than anything before: most are not. */
static void try_segment(const struct corridor *c, struct query *q, uint32_t s)
{
    if (!c->joined[s])
        return;
    const struct vertex *a = &c->vertices[s], *b = a + 1;
    const double ax = (a->x_e7 - q->x_e7) * q->scale_x, ay = (a->y_e7 - q->y_e7) * q->scale_y;
    const double bx = (b->x_e7 - q->x_e7) * q->scale_x, by = (b->y_e7 - q->y_e7) * q->scale_y;
    const double dx = bx - ax, dy = by - ay, len2 = dx * dx + dy * dy, dot = -(ax * dx + ay * dy);
    const double cross = ax * dy - ay * dx;
    if (dot <= 0)
        keep_nearer(q, s, ax * ax + ay * ay, 0);
    else if (dot >= len2)
        keep_nearer(q, s, bx * bx + by * by, 1);
    else if (cross * cross * BOUND <= q->best_m2 * len2)
        keep_nearer(q, s, cross * cross / len2, dot / len2);
}

static double box_m2(const struct query *q, const struct box *box)
{
    double x = 0, y = 0;
    if (q->x_e7 < box->x0)
        x = box->x0 - q->x_e7;
    else if (q->x_e7 > box->x1)
        x = q->x_e7 - box->x1;
    if (q->y_e7 < box->y0)
        y = box->y0 - q->y_e7;
    else if (q->y_e7 > box->y1)
        y = q->y_e7 - box->y1;
    x *= q->scale_x;
    y *= q->scale_y;
    return (x * x + y * y) * BOUND;
}

static void search_range(const struct corridor *c, struct query *q, uint32_t start, uint32_t end)
{
    for (uint32_t s = start; s < end; s++)
        if (s < q->skip_start || s >= q->skip_end)
            try_segment(c, q, s);
}

static void search_leaf(const struct corridor *c, struct query *q, uint32_t leaf)
{
    const uint32_t start = leaf * LEAF_SEGMENTS, end = start + LEAF_SEGMENTS;
    search_range(c, q, start, end < c->n_segments ? end : c->n_segments);
}

/* Depth first, the nearer child first. The stack is bounded by the depth: one sibling a level, 2^32 leaves at
 * most. */
static void search(const struct corridor *c, struct query *q)
{
    struct {
        uint32_t node;
        double m2;
    } stack[40];
    unsigned depth = 0;
    const uint32_t n_boxes = c->first_leaf + c->n_leaves;
    stack[depth].node = 0;
    stack[depth++].m2 = box_m2(q, &c->boxes[0]);
    while (depth > 0) {
        uint32_t node = stack[--depth].node;
        if (stack[depth].m2 > q->best_m2)
            continue;
        while (node < c->first_leaf) {
            const uint32_t left = 2 * node + 1, right = left + 1;
            const double left_m2 = left < n_boxes ? box_m2(q, &c->boxes[left]) : INFINITY;
            const double right_m2 = right < n_boxes ? box_m2(q, &c->boxes[right]) : INFINITY;
            const uint32_t near = right_m2 < left_m2 ? right : left, far = near == left ? right : left;
            const double near_m2 = near == left ? left_m2 : right_m2,
                         far_m2 = near == left ? right_m2 : left_m2;
            if (far_m2 <= q->best_m2) {
                stack[depth].node = far;
                stack[depth++].m2 = far_m2;
            }
            if (near_m2 > q->best_m2)
                break;
            node = near;
        }
        if (node >= c->first_leaf)
            search_leaf(c, q, node - c->first_leaf);
    }
}

/* What else comes near, beside the segments around the nearest one. Far from the route there is nothing to
 * gain, and what was noted before stays true. */
static void note_window(struct corridor *c, const struct query *found)
{
    const uint32_t start = found->best > WINDOW_SEGMENTS ? found->best - WINDOW_SEGMENTS : 0;
    const uint32_t end = found->best + WINDOW_SEGMENTS + 1;
    struct query rest = *found;
    if (found->best_m2 >= REACH_M * REACH_M)
        return;
    rest.best_m2 = REACH_M * REACH_M;
    rest.skip_start = c->window_start = start;
    rest.skip_end = c->window_end = end < c->n_segments ? end : c->n_segments;
    search(c, &rest);
    c->clear_m = sqrt(rest.best_m2);
    c->x_e7 = found->x_e7;
    c->y_e7 = found->y_e7;
}

/* Whether what the window holds is nearest, by the triangle inequality: nothing else was nearer than clear_m,
 * and by as much as the query has moved it can have come nearer. */
static bool search_window(const struct corridor *c, struct query *q)
{
    const double x_m = (q->x_e7 - c->x_e7) * q->scale_x, y_m = (q->y_e7 - c->y_e7) * q->scale_y;
    const double left_m = c->clear_m - SLACK_M - sqrt(x_m * x_m + y_m * y_m);
    if (left_m <= 0)
        return false;
    search_range(c, q, c->window_start, c->window_end);
    return q->best_m2 < left_m * left_m;
}

static void unit_vector(double x, double y, double *ret_x, double *ret_y)
{
    const double length = sqrt(x * x + y * y);
    *ret_x = length > 0 ? x / length : 0;
    *ret_y = length > 0 ? y / length : 0;
}

void corridor_nearest(struct corridor *c, const struct corridor_place *place, struct corridor_hit *ret)
{
    struct query q = {.x_e7 = corridor_lon_difference(place->lon_deg, c->origin_lon_deg) * E7,
                      .y_e7 = place->lat_deg * E7,
                      .scale_x = place->lon_m / E7,
                      .scale_y = place->lat_m / E7,
                      .best_m2 = INFINITY,
                      .best = UINT32_MAX};
    if (!search_window(c, &q)) {
        try_segment(c, &q, c->hint);
        search(c, &q);
        note_window(c, &q);
    }
    c->hint = q.best;
    const struct vertex *a = &c->vertices[q.best], *b = a + 1;
    const double dx = ((double)b->x_e7 - a->x_e7) * q.scale_x, dy = ((double)b->y_e7 - a->y_e7) * q.scale_y;
    const double length_m = c->progress_m[q.best + 1] - c->progress_m[q.best];
    ret->distance_m = sqrt(q.best_m2);
    ret->progress_m = c->progress_m[q.best] + q.best_t * length_m;
    unit_vector(dx, dy, &ret->along_east, &ret->along_north);
    unit_vector((q.x_e7 - a->x_e7) * q.scale_x - q.best_t * dx,
                (q.y_e7 - a->y_e7) * q.scale_y - q.best_t * dy, &ret->away_east, &ret->away_north);
}
