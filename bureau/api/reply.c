#include "bureau/api/internal.h"
#include "bureau/api/json.h"
#include "bureau/api/negotiate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct api_reply reply_json(unsigned status, json_t *body)
{
    struct api_reply reply = {status, NULL};
    char *text = apijson_text(body);
    if (!text)
        return reply;
    reply.response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!reply.response)
        free(text);
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json; charset=utf-8");
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}

struct api_reply reply_error(unsigned status, const char *code, const char *message)
{
    return reply_json(status, json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
}

struct api_reply reply_bad_request(const char *message)
{
    return reply_error(MHD_HTTP_BAD_REQUEST, "bad_request", message);
}

struct api_reply reply_not_found(const char *message)
{
    return reply_error(MHD_HTTP_NOT_FOUND, "not_found", message);
}

struct api_reply reply_store_failed(void)
{
    return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "store", "the store cannot be read; /healthz says why");
}

struct api_reply reply_busy(const char *message)
{
    struct api_reply reply = reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", message);
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    return reply;
}

void reply_header(struct api_reply *reply, const char *name, const char *value)
{
    if (!reply->response || MHD_add_response_header(reply->response, name, value) == MHD_YES)
        return;
    /* An answer that lacks a header is the wrong answer. */
    MHD_destroy_response(reply->response);
    reply->response = NULL;
}

static void release(void *body)
{
    body_release(body);
}

/* Plain and compressed are two representations, each with a tag of its own. */
struct api_reply reply_body(const struct api_request *request, struct body *body, const char *type)
{
    const bool packed =
        body->gzip && negotiate_gzip(request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    char etag[BODY_ETAG_LEN];
    (void)snprintf(etag, sizeof(etag), "%s", packed ? body->gzip_etag : body->etag);
    struct api_reply reply = {MHD_HTTP_OK, NULL};
    if (negotiate_is_held(request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), etag)) {
        reply.status = MHD_HTTP_NOT_MODIFIED;
        reply.response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        body_release(body);
    } else {
        reply.response = MHD_create_response_from_buffer_with_free_callback_cls(
            packed ? body->gzip_len : body->len, packed ? body->gzip : body->data, release, body);
        if (!reply.response)
            body_release(body);
        reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        if (packed)
            reply_header(&reply, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    }
    reply_header(&reply, MHD_HTTP_HEADER_ETAG, etag);
    reply_header(&reply, MHD_HTTP_HEADER_VARY, "Accept-Encoding, Authorization, Cookie");
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-cache"); /* keep it, but ask again */
    return reply;
}

struct api_reply reply_nothing(void)
{
    struct api_reply reply = {MHD_HTTP_NO_CONTENT,
                              MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)};
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}

static const struct {
    const char *suffix, *type;
} TYPES[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
    const char *suffix = strrchr(path, '.');
    for (size_t i = 0; suffix && i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
        if (strcmp(suffix, TYPES[i].suffix) == 0)
            return TYPES[i].type;
    return "application/octet-stream";
}

static bool stays_below(const char *path)
{
    for (const char *segment = path; segment;
         segment = strchr(segment, '/') ? strchr(segment, '/') + 1 : NULL)
        if (*segment == '.' || *segment == '/' || *segment == '\0')
            return false;
    return true;
}

/* An open regular file and what it is, or -ENOENT: what may not be read is not there. */
static int file_open(const char *dir, const char *path, struct stat *ret_stat)
{
    char full[PATH_MAX];
    const int length = snprintf(full, sizeof(full), "%s/%s", dir, path);
    if (*dir == '\0' || length < 0 || (size_t)length >= sizeof(full) || !stays_below(path))
        return -ENOENT;
    const int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -ENOENT;
    if (fstat(fd, ret_stat) == 0 && S_ISREG(ret_stat->st_mode))
        return fd;
    (void)close(fd);
    return -ENOENT;
}

/* Too large for memory: as it lies there. */
static struct api_reply reply_large_file(const struct stat *status, int fd, const char *type)
{
    struct api_reply reply = {MHD_HTTP_OK, MHD_create_response_from_fd64((uint64_t)status->st_size, fd)};
    if (!reply.response)
        (void)close(fd);
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    return reply;
}

struct api_reply reply_file(struct api *api, const struct api_request *request, const char *dir,
                            const char *path)
{
    struct stat status;
    struct body *body = NULL;
    char name[PATH_MAX];
    path = *path ? path : "index.html";
    const int fd = file_open(dir, path, &status);
    if (fd < 0)
        return reply_not_found("no such file");
    (void)snprintf(name, sizeof(name), "%s/%s", dir, path); /* it has been opened, so it fits */
    const int rc = files_get(api->files, name, fd, &status, &body);
    if (rc == -EFBIG)
        return reply_large_file(&status, fd, type_of(path));
    (void)close(fd);
    if (rc != 0)
        return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "store", "the file cannot be read now");
    return reply_body(request, body, type_of(path));
}
