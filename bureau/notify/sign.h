/* How each kind of channel proves who sends: HMAC-SHA256 in the form of its vendor. Pure. */
#ifndef BUSWARDEN_NOTIFY_SIGN_H
#define BUSWARDEN_NOTIFY_SIGN_H

#include <stddef.h>
#include <stdint.h>

enum {
    SIGN_BASE64_LEN = 45,                   /* of 32 bytes, with the NUL */
    SIGN_ESCAPED_LEN = 3 * SIGN_BASE64_LEN, /* the same, escaped for an address */
    SIGN_HEX_LEN = 65
};

/* DingTalk: the message is timestamp "\n" secret under the key `secret`; base64, escaped for the address.
 * https://open.dingtalk.com/document/robots/customize-robot-security-settings */
void sign_dingtalk(int64_t utc_ms, const char *secret, char ret[SIGN_ESCAPED_LEN]);
/* Feishu: the empty message under the key timestamp "\n" secret; seconds; base64.
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
void sign_feishu(int64_t utc_s, const char *secret, char ret[SIGN_BASE64_LEN]);
/* Our own webhook: timestamp "." body; seconds; hex. */
void sign_webhook(int64_t utc_s, const char *secret, const char *body, size_t len, char ret[SIGN_HEX_LEN]);

#endif
