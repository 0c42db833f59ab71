/* What a vehicle, and a reader of the feed, may do at the broker: the same as deploy/mosquitto/buswarden.acl
 * says, for the plugin that watches over it. Pure. */
#ifndef BUSWARDEN_BROKER_RIGHTS_H
#define BUSWARDEN_BROKER_RIGHTS_H

#include <stdbool.h>

/* Whether the rules below are for this user: "bureau" and names that no vehicle can have (a capital letter, a
 * dot) are left to the access list alone. user NULL = nobody knows who: may nothing. */
bool rights_is_vehicle(const char *user);
bool rights_may_publish(const char *user, const char *topic);
bool rights_may_subscribe(const char *user, const char *filter);

/* A reader of the feed topics, "police.tiantai": no vehicle can have a name with a dot. It may hear the feed
 * and nothing else, and publish nothing. */
bool rights_is_reader(const char *user);
bool rights_may_hear(const char *filter);

#endif
