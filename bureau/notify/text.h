/* Messages in words, Chinese or English. Pure. They name vehicle, school, kind, numbers, place and time:
 * never a pupil (there is none in anything the bureau holds) and never a driver. */
#ifndef BUSWARDEN_NOTIFY_TEXT_H
#define BUSWARDEN_NOTIFY_TEXT_H

#include "bureau/notify/channel.h"
#include "bureau/store/notices.h"

enum {
    NOTIFY_TEXT_MAX = 1900, /* bytes with the NUL: a WeCom robot takes 2,048 */
    NOTIFY_TITLE_MAX = 160
};

bool notify_kind_known(const char *name); /* "OVERLOAD", "SILENT", ... */
const char *notify_kind_name(int kind);   /* the same, of a number; "NONE" */

struct notify_text_options {
    enum notify_language language;
    const char *console_url; /* "" = no link */
};
/* A single notice, in several lines. */
void notify_text_one(const struct notify_text_options *options, const struct store_notice *notice,
                     char ret[NOTIFY_TEXT_MAX]);

/* Many: how many of which kind, then a line each as long as there is room, then how many more there are. All
 * of them are counted. */
struct notify_digest {
    struct notify_text_options options;
    size_t n, n_lines;
    size_t kinds[STORE_NOTICE_KINDS];
    size_t len;
    char lines[NOTIFY_TEXT_MAX];
};
void notify_digest_begin(struct notify_digest *digest, const struct notify_text_options *options);
void notify_digest_add(struct notify_digest *digest, const struct store_notice *notice);
void notify_digest_end(const struct notify_digest *digest, char ret[NOTIFY_TEXT_MAX]);

/* The first line of a message, as the subject of a mail. */
void notify_title(const char *text, char ret[NOTIFY_TITLE_MAX]);
/* What `notify --test` sends. */
void notify_text_test(const struct notify_text_options *options, int64_t now_utc_ms,
                      char ret[NOTIFY_TEXT_MAX]);

#endif
