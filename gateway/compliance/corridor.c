#include "gateway/compliance/corridor.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The same bits on every build: doubles are computed as doubles, in the order written (cmake/Flags.cmake). */
_Static_assert(FLT_EVAL_METHOD == 0, "the judge needs IEEE 754 doubles, not wider ones");
#ifdef __FAST_MATH__
#error "the judge's sums must not be re-ordered"
#endif

enum {
    LEAF_SEGMENTS = 8, /* tested one by one: fewer boxes, and still inside two cache lines */
    NEAR_LEAVES = 16,  /* remembered from a search */
};

static const double E7 = 1e7;
static const double REACH_M = 120;   /* how far around a search remembers what is there */
static const double SLACK_M = 0.5;   /* more than the scale changes between two latitudes that near, */
static const double POLAR_E7 = 89e7; /* but for those around the poles */
/* What rules segments out may not exceed, by rounding, the distance that it bounds. */
static const double BOUND = 0.99999999999999;

/* A vertex relative to the route's first longitude. Doubles of whole 1e-7 degrees: exact, as the licence
 * carries them. */
struct vertex {
    int32_t x_e7, y_e7; /* longitude offset, latitude */
};

struct box {
    int32_t x0, y0, x1, y1;
};

/* A leaf that came near. */
struct near {
    double x0, y0, x1, y1; /* its box */
    double m;              /* how near it came */
    uint32_t leaf;
};

struct corridor {
    double origin_lon_deg;
    uint32_t n_vertices;
    uint32_t n_segments; /* n_vertices - 1; those across two parts are skipped */
    uint32_t first_leaf; /* index of the first leaf's box; each box before it has both its children */
    uint32_t hint;       /* segment that was nearest before */
    /* Around (x, y): these leaves, and none of the others nearer than clear_m. */
    double x_e7, y_e7, clear_m;
    uint32_t n_near;
    struct near near[NEAR_LEAVES + 1]; /* the nearest first; one more while it is filled */
    struct vertex *vertices;
    double *progress_m; /* of each vertex */
    bool *joined;       /* joined[i]: a segment runs from vertex i to i + 1 */
    struct box *boxes;  /* node k has children 2k + 1 and 2k + 2 */
};

/* What one query carries down the tree. */
struct query {
    double x_e7, y_e7;       /* the point, in vertex coordinates */
    double scale_x, scale_y; /* metres per 1e-7 degree */
    double best_m2;
    uint32_t best; /* segment */
};

/* c[0] + c[1] u + ... + c[6] u^6, in an order of its own that lets the terms be computed side by side. */
static double polynomial(const double *c, double u)
{
    const double u2 = u * u;
    return (c[0] + c[1] * u) + u2 * ((c[2] + c[3] * u) + u2 * ((c[4] + c[5] * u) + u2 * c[6]));
}

/* Both radii of curvature of WGS-84, as polynomials of the latitude's square: interpolated at Chebyshev nodes
 * over all latitudes, within 0.1 mm a degree (a test compares). Sums and products alone give the same bits
 * with every C library and on every processor; sine and cosine do not. */
struct corridor_place corridor_place(double lat_deg, double lon_deg)
{
    static const double meridian[] = {110574.27572623556, 2739.661836102236,  -2196.8581682839313,
                                      650.2500682863365,  -67.08065052039802, -9.250298994656758,
                                      2.9811321211510045};
    static const double parallel[] = {111319.49076625156, -25096.051462323474, 1263.2694474482305,
                                      323.28636399638725, -97.90057594165762,  12.715226073504187,
                                      -0.5633374717355902};
    const double t = lat_deg * (1.0 / 90), u = t * t;
    return (struct corridor_place){
        .lat_deg = lat_deg,
        .lon_deg = lon_deg,
        .lat_m = polynomial(meridian, u),
        .lon_m = (1 - u) * polynomial(parallel, u), /* 0 at the poles */
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

/* Sections of the caller's memory, in order of alignment. */
struct layout {
    size_t progress, vertices, boxes, joined, total;
};

static struct layout layout_of(uint32_t n_vertices)
{
    const size_t n_boxes = 2 * (size_t)leaves_of(n_vertices - 1) - 1;
    struct layout at;
    at.progress = sizeof(struct corridor);
    at.vertices = at.progress + n_vertices * sizeof(double);
    at.boxes = at.vertices + n_vertices * sizeof(struct vertex);
    at.joined = at.boxes + n_boxes * sizeof(struct box);
    at.total = (at.joined + n_vertices * sizeof(bool) + 15) / 16 * 16;
    return at;
}

size_t corridor_size(const struct bw_route *route)
{
    return layout_of((uint32_t)route->n_points).total;
}

static void place_vertices(struct corridor *c, const struct bw_route *route)
{
    memset(c->joined, 0, c->n_vertices * sizeof(bool));
    for (size_t part = 0; part < route->n_parts; part++)
        for (uint32_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++)
            c->joined[i] = true;
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

/* Added to another it changes nothing. */
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
    const uint32_t n_boxes = 2 * c->first_leaf + 1;
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
    for (uint32_t k = n_boxes; k-- > 1;) {
        const struct box *child = &c->boxes[k];
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
        .first_leaf = leaves_of((uint32_t)route->n_points - 1) - 1,
        .vertices = (struct vertex *)(void *)(base + at.vertices),
        .progress_m = (double *)(void *)(base + at.progress),
        .joined = (bool *)(base + at.joined),
        .boxes = (struct box *)(void *)(base + at.boxes),
    };
    place_vertices(c, route);
    build_boxes(c);
    return c;
}

/* A vertex as seen from the query. */
struct seen {
    double x_m, y_m, m2;
};

static struct seen see(const struct corridor *c, const struct query *q, uint32_t i)
{
    const double x_m = (c->vertices[i].x_e7 - q->x_e7) * q->scale_x;
    const double y_m = (c->vertices[i].y_e7 - q->y_e7) * q->scale_y;
    return (struct seen){x_m, y_m, x_m * x_m + y_m * y_m};
}

/* Squared distance from the segment between two vertices. Not joined, the first stands alone. */
static double segment_m2(const struct seen *a, const struct seen *b, bool joined)
{
    const double dx = b->x_m - a->x_m, dy = b->y_m - a->y_m, len2 = dx * dx + dy * dy;
    const double dot = -(a->x_m * dx + a->y_m * dy), cross = a->x_m * dy - a->y_m * dx;
    if (!joined || dot <= 0)
        return a->m2;
    return dot >= len2 ? b->m2 : cross * cross / len2;
}

static void keep_nearer(struct query *q, uint32_t s, double m2)
{
    if (m2 < q->best_m2 || (m2 == q->best_m2 && s < q->best)) {
        q->best_m2 = m2;
        q->best = s;
    }
}

/* Never more, by rounding, than the distance from anything in the box, squared. Without a branch, since none
 * could be foretold. */
static inline double outside_m2(const struct query *q, double x0, double y0, double x1, double y1)
{
    const double west = x0 - q->x_e7, east = q->x_e7 - x1, south = y0 - q->y_e7, north = q->y_e7 - y1;
    const double aside = west > east ? west : east, along = south > north ? south : north;
    const double x_m = (aside > 0 ? aside : 0) * q->scale_x, y_m = (along > 0 ? along : 0) * q->scale_y;
    return (x_m * x_m + y_m * y_m) * BOUND;
}

static double box_m2(const struct query *q, const struct box *box)
{
    return outside_m2(q, box->x0, box->y0, box->x1, box->y1);
}

static void try_segment(const struct corridor *c, struct query *q, uint32_t s)
{
    const struct seen a = see(c, q, s), b = see(c, q, s + 1);
    keep_nearer(q, s, segment_m2(&a, &b, c->joined[s]));
}

static void search_leaf(const struct corridor *c, struct query *q, uint32_t leaf)
{
    const uint32_t start = leaf * LEAF_SEGMENTS;
    const uint32_t end = start + LEAF_SEGMENTS < c->n_segments ? start + LEAF_SEGMENTS : c->n_segments;
    struct seen a = see(c, q, start);
    for (uint32_t s = start; s < end; s++) {
        const struct seen b = see(c, q, s + 1);
        keep_nearer(q, s, segment_m2(&a, &b, c->joined[s]));
        a = b;
    }
}

/* Depth first, the nearer child first: `leaf_found` is called for each leaf whose box is near enough. A leaf
 * without segments has the empty box, which is farther than any place on earth. The stack is bounded by the
 * depth: one sibling a level, 2^32 leaves at most. */
static inline void walk(struct corridor *c, struct query *q,
                        void (*leaf_found)(struct corridor *, struct query *, uint32_t leaf, double m2))
{
    struct {
        uint32_t node;
        double m2;
    } stack[40];
    unsigned depth = 0;
    stack[depth].node = 0;
    stack[depth++].m2 = box_m2(q, &c->boxes[0]);
    while (depth > 0) {
        uint32_t node = stack[--depth].node;
        double m2 = stack[depth].m2;
        if (m2 > q->best_m2)
            continue;
        while (node < c->first_leaf) {
            const uint32_t left = 2 * node + 1, right = left + 1;
            const double left_m2 = box_m2(q, &c->boxes[left]);
            const double right_m2 = box_m2(q, &c->boxes[right]);
            const uint32_t near = right_m2 < left_m2 ? right : left, far = near == left ? right : left;
            const double far_m2 = near == left ? right_m2 : left_m2;
            m2 = near == left ? left_m2 : right_m2;
            if (far_m2 <= q->best_m2) {
                stack[depth].node = far;
                stack[depth++].m2 = far_m2;
            }
            if (m2 > q->best_m2)
                break;
            node = near;
        }
        if (node >= c->first_leaf)
            leaf_found(c, q, node - c->first_leaf, m2);
    }
}

static void search_found(struct corridor *c, struct query *q, uint32_t leaf, double m2)
{
    (void)m2;
    search_leaf(c, q, leaf);
}

/* Keeps the near leaves in order of distance. When they are too many the farthest goes, and the walk need not
 * go beyond it. */
static void note_found(struct corridor *c, struct query *q, uint32_t leaf, double m2)
{
    const struct box *box = &c->boxes[c->first_leaf + leaf];
    const struct near near = {box->x0, box->y0, box->x1, box->y1, sqrt(m2), leaf};
    uint32_t at = c->n_near++;
    for (; at > 0 && c->near[at - 1].m > near.m; at--)
        c->near[at] = c->near[at - 1];
    c->near[at] = near;
    if (c->n_near > NEAR_LEAVES) {
        c->n_near = NEAR_LEAVES;
        q->best_m2 = c->near[NEAR_LEAVES].m * c->near[NEAR_LEAVES].m;
    }
}

/* Remembers what there is around the query. */
static void note_near(struct corridor *c, const struct query *query)
{
    struct query q = *query;
    q.best_m2 = REACH_M * REACH_M;
    c->n_near = 0;
    walk(c, &q, note_found);
    c->clear_m = sqrt(q.best_m2);
    c->x_e7 = q.x_e7;
    c->y_e7 = q.y_e7;
}

/* Whether the nearest is among what was near before, by the triangle inequality: by as much as the query has
 * moved anything can have come nearer, and no more. */
static bool search_near(const struct corridor *c, struct query *q)
{
    const double x_m = (q->x_e7 - c->x_e7) * q->scale_x, y_m = (q->y_e7 - c->y_e7) * q->scale_y;
    const double moved_m = sqrt(x_m * x_m + y_m * y_m) + SLACK_M, clear_m = c->clear_m - moved_m;
    if (clear_m <= 0 || fabs(q->y_e7) > POLAR_E7)
        return false;
    for (uint32_t i = 0; i < c->n_near; i++) {
        const struct near *near = &c->near[i];
        const double still_m = near->m - moved_m;
        if (still_m > 0 && still_m * still_m > q->best_m2)
            break; /* and so are those after it */
        if (outside_m2(q, near->x0, near->y0, near->x1, near->y1) <= q->best_m2)
            search_leaf(c, q, near->leaf);
    }
    return q->best_m2 < clear_m * clear_m;
}

static double inverse(double length_m)
{
    return length_m > 0 ? 1 / length_m : 0;
}

void corridor_nearest(struct corridor *c, const struct corridor_place *place, struct corridor_hit *ret)
{
    struct query q = {.x_e7 = corridor_lon_difference(place->lon_deg, c->origin_lon_deg) * E7,
                      .y_e7 = place->lat_deg * E7,
                      .scale_x = place->lon_m / E7,
                      .scale_y = place->lat_m / E7,
                      .best_m2 = INFINITY,
                      .best = UINT32_MAX};
    try_segment(c, &q, c->hint); /* most likely the nearest, or next to it */
    if (!search_near(c, &q)) {
        note_near(c, &q);
        if (!search_near(c, &q))
            walk(c, &q, search_found);
    }
    c->hint = q.best;
    const struct seen a = see(c, &q, q.best), b = see(c, &q, q.best + 1);
    const double dx = b.x_m - a.x_m, dy = b.y_m - a.y_m, len2 = dx * dx + dy * dy;
    const double dot = -(a.x_m * dx + a.y_m * dy);
    const double t = dot <= 0 ? 0 : dot >= len2 ? 1 : dot / len2;
    ret->distance_m = sqrt(q.best_m2);
    ret->progress_m = c->progress_m[q.best] + t * (c->progress_m[q.best + 1] - c->progress_m[q.best]);
    const double along = inverse(sqrt(len2)), away = inverse(ret->distance_m);
    ret->along_east = dx * along;
    ret->along_north = dy * along;
    ret->away_east = (-a.x_m - t * dx) * away;
    ret->away_north = (-a.y_m - t * dy) * away;
}
