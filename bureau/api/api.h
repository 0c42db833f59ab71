/* The bureau over HTTP: /healthz, /v1/... (docs/api/openapi.yaml is the contract), the event stream, the
 * console's files. One thread answers every request; what takes long has threads of its own: the event
 * stream's pace, traces of plate look-ups, reports, lists of what is seen again and again, feeds, pictures,
 * log-ins.
 *
 * Limits: 512 connections, of these 256 event streams; an address (behind our proxy, too) has 256, an account
 * 128 requests at a time. 32 KiB a connection and what its route lets a body have, 64 KiB where that is
 * nothing; 8 large bodies at a time, 4 of an address, 2 of an account. 30 s without progress closes one, and
 * a body that takes 300 s.
 */
#ifndef BUSWARDEN_API_H
#define BUSWARDEN_API_H

#include "bureau/config.h"
#include "bureau/ingest/ingest.h"

struct api;

/* Called on the server's thread whenever somebody asks for /healthz. */
typedef void (*api_broker_fn)(void *context, struct ingest_stats *ret);

/* Opens the store (a handle a thread). `config` is borrowed until api_destroy(). From here on
 * api_notify_...() may be called. -EINVAL: tiles_url is no http or https URL; -ENOKEY: http_cert or http_key
 * is no PEM file that can be read; else the store's error. */
int api_create(const struct bureau_config *config, struct api **ret);
/* The bureau's key, borrowed until api_destroy(): without one no change of the registry that is to reach a
 * vehicle is taken. Before api_start(). */
void api_set_key(struct api *api, const struct seal_key *key);
/* Takes http_listen and http_port (0 = any free port); whoever comes waits for api_start(). -EADDRINUSE and
 * the like; -EINVAL: no numeric address. */
int api_listen(struct api *api);
/* Once, after api_listen(). -EKEYREJECTED: certificate and key are of no use. */
int api_start(struct api *api, api_broker_fn broker, void *context);
/* Ends every stream and connection and joins the threads. Nothing to do on one that is not started. */
void api_stop(struct api *api);
void api_destroy(struct api *api); /* stopped; NULL is fine */

int api_port(const struct api *api); /* that api_listen() took; 0 = none */

/* Turns of the pacing thread: they show that it, and whoever shares its lock, advances. From any thread. */
uint64_t api_turns(struct api *api);

/* From any thread, after the commit: wakes the streams. Events are read from the store by each stream at its
 * own pace; a vehicle is sent at most once a second, as it then is. */
void api_notify_events(struct api *api, int64_t last_event);
void api_notify_vehicle(struct api *api, const char *vehicle);

#endif
