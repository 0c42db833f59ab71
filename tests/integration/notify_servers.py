"""The other side of tests/integration/notify_channels: robots, a webhook and a mail server, all with TLS, which check what
they are sent and answer as they are told.

usage: notify_servers.py DIR HTTPS-PORT SMTP-PORT
Takes DIR/server.crt and server.key. DIR/mode has how to answer: ok, error, 429, 500, garbage, close, long, redirect, hang,
weak (mail without STARTTLS), refuse (the message itself, for good), gone (the mail's first recipient is unknown). A line of JSON for each message goes to DIR/got: {"channel", "mode", "fault", "text", "id",
"events"}; fault is "" when signature and form are right.
"""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

folder, https_port, smtp_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SECRETS = {'dingtalk': 'SECding', 'feishu': 'fei-secret', 'webhook': 'hook secret'}
PASSWORD = 'mail-password'
lock = threading.Lock()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f'{folder}/server.crt', f'{folder}/server.key')


def mode():
    with open(f'{folder}/mode') as file:
        return file.read().strip()


def keep(channel, how, fault, text, message_id='', events=()):
    with lock, open(f'{folder}/got', 'a') as file:
        file.write(json.dumps({'channel': channel, 'mode': how, 'fault': fault, 'text': text, 'id': message_id,
                               'events': list(events)}, ensure_ascii=False) + '\n')


def mac(key, message):
    return hmac.new(key.encode(), message, hashlib.sha256)


def is_now(stamp_s):
    return abs(time.time() - stamp_s) < 3600  # as the vendors allow


def check_wecom(url, headers, body):
    data = json.loads(body)
    if urllib.parse.parse_qs(url.query) != {'key': ['wecom-key']}:
        return 'key', ''
    if data['msgtype'] != 'text' or len(data['text']['content'].encode()) > 2048:
        return 'form', ''
    return '', data['text']['content']


def check_dingtalk(url, headers, body):
    query = {name: value[0] for name, value in urllib.parse.parse_qs(url.query).items()}
    secret, stamp = SECRETS['dingtalk'], query['timestamp']
    wanted = base64.b64encode(mac(secret, f'{stamp}\n{secret}'.encode()).digest()).decode()
    fault = '' if query['sign'] == wanted and query['access_token'] == 'ding-token' else 'sign not match'
    return fault or ('' if is_now(int(stamp) / 1000) else 'stamp'), json.loads(body)['text']['content']


def check_feishu(url, headers, body):
    data = json.loads(body)
    stamp = data['timestamp']
    wanted = base64.b64encode(mac(f'{stamp}\n{SECRETS["feishu"]}', b'').digest()).decode()
    fault = '' if data['sign'] == wanted and is_now(int(stamp)) else 'sign match fail'
    return fault or ('' if data['msg_type'] == 'text' else 'form'), data['content']['text']


def check_webhook(url, headers, body):
    stamp = headers['X-Buswarden-Timestamp']
    wanted = 'sha256=' + mac(SECRETS['webhook'], stamp.encode() + b'.' + body).hexdigest()
    data = json.loads(body)
    fault = '' if headers['X-Buswarden-Signature'] == wanted and is_now(int(stamp)) else 'signature'
    return fault or ('' if headers['Idempotency-Key'] == data['id'] else 'id'), data['text']


CHECKS = {'wecom': check_wecom, 'dingtalk': check_dingtalk, 'feishu': check_feishu, 'webhook': check_webhook,
          'quiet': check_webhook, 'few': check_webhook, 'left': check_webhook}
TAKEN = {'feishu': {'code': 0, 'msg': 'success'}}
REFUSED = {'wecom': {'errcode': 93000, 'errmsg': 'invalid webhook url'},
           'dingtalk': {'errcode': 310000, 'errmsg': 'sign not match'},
           'feishu': {'code': 19021, 'msg': 'sign match fail'}}
FORBIDDEN = {'wecom': {'errcode': 45002, 'errmsg': 'content exceed max length'},
             'dingtalk': {'errcode': 430104, 'errmsg': 'sensitive words'},
             'feishu': {'code': 19024, 'msg': 'Key Words Not Found'}}


class Robot(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # nobody follows the redirect
        keep('followed', mode(), 'a redirect was followed', self.path)
        self.answer(200, b'')

    def do_POST(self):
        url, how = urllib.parse.urlsplit(self.path), mode()
        body = self.rfile.read(int(self.headers['Content-Length']))
        channel = url.path.strip('/').split('/')[0]
        try:
            fault, text = CHECKS[channel](url, self.headers, body)
        except (KeyError, ValueError, TypeError) as problem:
            fault, text = f'not understood: {problem!r}', ''
        data = json.loads(body)
        keep(channel, how, fault, text, data.get('id', ''), [notice['event'] for notice in data.get('notices', [])])
        self.close_connection = how == 'close'
        if how == 'close':
            return
        if how == 'hang':
            time.sleep(30)
            return
        if how == 'error':
            refused = REFUSED.get(channel)
            self.answer(200 if refused else 401, json.dumps(refused or {'no': 'thanks'}).encode())
        elif how == 'refuse':
            refused = FORBIDDEN.get(channel)
            self.answer(200 if refused else 422, json.dumps(refused or {'no': 'thanks'}).encode())
        elif how == '429':
            self.answer(429, b'slow down', [('Retry-After', '1')])
        elif how == '500':
            self.answer(500, b'<h1>Internal Server Error</h1>')
        elif how == 'garbage':
            self.answer(200 if channel in TAKEN or channel in REFUSED else 599, os.urandom(300))
        elif how == 'long':
            self.answer(200, b'{"errcode":0,"code":0}' + b' ' * 100000)
        elif how == 'redirect':
            self.answer(302, b'', [('Location', f'https://127.0.0.1:{https_port}/elsewhere')])
        else:
            self.answer(200, json.dumps(TAKEN.get(channel, {'errcode': 0, 'errmsg': 'ok'})).encode())


class Https(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):  # the handshake in the connection's thread
        try:
            request.settimeout(60)
            super().finish_request(context.wrap_socket(request, server_side=True), client_address)
        except OSError:
            pass


class Mail(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b'\r\n')
        self.wfile.flush()

    def heard(self):
        line = self.rfile.readline(2000)
        if not line:
            raise ConnectionError
        return line.decode('latin-1').rstrip('\r\n')

    def start_tls(self):
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile('rb'), self.connection.makefile('wb')

    def take(self, how, is_safe, is_known, recipients):
        lines = []
        while (line := self.rfile.readline(2000)) not in (b'.\r\n', b''):
            lines.append(line[1:] if line.startswith(b'..') else line)
        mail = email.message_from_bytes(b''.join(lines), policy=email.policy.default)
        text = mail.get_content().replace('\r\n', '\n').rstrip('\n')
        fault = '' if is_safe else 'in the clear'
        fault = fault or ('' if is_known else 'no log-in')
        fault = fault or ('' if recipients == ['duty@example.cn', 'head@example.cn'] else 'recipients')
        fault = fault or ('' if mail['Subject'] == text.split('\n')[0] else 'subject')
        keep('mail', how, fault, text, mail['Message-ID'])

    def handle(self):
        how, is_safe, is_known, recipients = mode(), False, False, []
        if how == 'close':
            return
        if how == 'hang':
            time.sleep(30)
            return
        if how == 'garbage':
            self.wfile.write(os.urandom(200) + b'\r\n')
            return
        if how == 'long':
            self.wfile.write(b'220 ' + b'x' * 200000 + b'\r\n')
            return
        self.say('421 too many' if how == '429' else '220 mail.example.cn ready')
        while True:
            line = self.heard()
            word = line.split(' ')[0].upper()
            if word in ('EHLO', 'HELO'):
                self.say('250-mail.example.cn')
                self.say('250 AUTH PLAIN' if is_safe else '250 HELP' if how in ('weak', 'redirect') else '250 STARTTLS')
            elif word == 'STARTTLS':
                self.say('220 go ahead')
                self.start_tls()
                is_safe = True
            elif word == 'AUTH':
                parts = line.split(' ')
                if len(parts) < 3:
                    self.say('334 ')
                    parts.append(self.heard())
                is_known = base64.b64decode(parts[2]).decode() == f'\0bus\0{PASSWORD}'
                self.say('235 ok' if is_known else '535 wrong')
            elif word == 'RCPT':
                recipients.append(line[line.index('<') + 1:line.index('>')])
                is_gone = how == 'gone' and len(recipients) == 1
                self.say('451 try later' if how == 'error' else '550-nobody\r\n550 is called so' if is_gone else '250 ok')
            elif word == 'DATA':
                self.say('354 go on')
                self.take(how, is_safe, is_known, recipients)
                self.say('451 disk on fire' if how == '500' else '554 no such words here' if how == 'refuse' else '250 taken')
            elif word == 'QUIT':
                self.say('221 bye')
                return
            else:
                self.say('250 ok')


class Smtp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ConnectionError)):
            super().handle_error(request, client_address)


smtp = Smtp(('127.0.0.1', smtp_port), Mail)
threading.Thread(target=smtp.serve_forever, daemon=True).start()
https = Https(('127.0.0.1', https_port), Robot)
print('ready', flush=True)
https.serve_forever()
