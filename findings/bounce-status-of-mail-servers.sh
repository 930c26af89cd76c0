#!/usr/bin/env bash
# Four mail servers get the same refusals from the next server. Their bounces differ in Status.
#
# Guess: a bounce is a multipart/report, and Status repeats the enhanced code of the next server
# (RFC 3464, section 2.3.4). So `Status: 5.1.1` proves an unknown address, and another proves none.
# Seen: only Postfix 3.7.11 does that. Exim 4.96 reports 5.0.0 whatever the code is. Sendmail 8.17.1
# makes 5.1.1 of a bare 550. OpenSMTPD 6.8.0p2 sends multipart/mixed, always 5.0.0, and without
# Diagnostic-Code: the words of the next server stand in the text part alone.
#
# Needs root on Debian 12, for an overlay: see lib/in-overlay.
set -euo pipefail

declare -A packages=(
  [exim]="exim4-daemon-light exim4-base exim4-config"
  [opensmtpd]="opensmtpd"
  [postfix]="postfix"
  [sendmail]="sendmail-bin sendmail-cf sendmail-base"
)
# The type of the bounces, then for each recipient: the words of the next server, and the Status.
expected() {
  case $1 in
    exim) cat <<'SEEN'
exim4-daemon-light 4.96
multipart/report
a@far.example | 550 5.1.1 unknown user | 5.0.0
b@far.example | 550 unknown user | 5.0.0
c@far.example | 550 5.7.1 on our block list | 5.0.0
d@far.example | 552 5.2.2 over quota | 5.0.0
SEEN
    ;;
    opensmtpd) cat <<'SEEN'
opensmtpd 6.8.0p2
multipart/mixed
a@far.example |  | 5.0.0
b@far.example |  | 5.0.0
c@far.example |  | 5.0.0
d@far.example |  | 5.0.0
SEEN
    ;;
    postfix) cat <<'SEEN'
postfix 3.7.11
multipart/report
a@far.example | 550 5.1.1 unknown user | 5.1.1
b@far.example | 550 unknown user | 5.0.0
c@far.example | 550 5.7.1 on our block list | 5.7.1
d@far.example | 552 5.2.2 over quota | 5.2.2
SEEN
    ;;
    sendmail) cat <<'SEEN'
sendmail-bin 8.17.1.9
multipart/report
a@far.example | 550 5.1.1 unknown user | 5.1.1
b@far.example | 550 unknown user | 5.1.1
c@far.example | 550 5.7.1 on our block list | 5.7.1
d@far.example | 552 5.2.2 over quota | 5.2.2
SEEN
    ;;
  esac
}

next_server() { # On port 2525: refuses each recipient of far.example, keeps each mail to bounces@near.example.
  cat <<'PYTHON'
import email, pathlib, socketserver, sys
WORDS = {"a": "550 5.1.1 unknown user", "b": "550 unknown user",
         "c": "550 5.7.1 on our block list", "d": "552 5.2.2 over quota"}
class Session(socketserver.StreamRequestHandler):
    def say(self, line): self.wfile.write(line.encode() + b"\r\n")
    def handle(self):
        self.say("220 far.example ESMTP")
        while line := self.rfile.readline():
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"): self.say("250-far.example\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
            elif verb.startswith(b"RCPT TO:<BOUNCES@"): self.say("250 2.1.5 ok")
            elif verb.startswith(b"RCPT TO:<"): self.say(WORDS.get(chr(line[9]), "550 5.1.1 ?"))
            elif verb == b"DATA":
                self.say("354 go on"); content = b""
                while (line := self.rfile.readline()) != b".\r\n": content += line
                folder = pathlib.Path(sys.argv[1]); (folder / f"{len(list(folder.iterdir()))}.eml").write_bytes(content)
                self.say("250 2.0.0 kept")
            elif verb == b"QUIT": self.say("221 2.0.0 bye"); return
            else: self.say("250 2.0.0 ok")
class Server(socketserver.ThreadingTCPServer): allow_reuse_address = True; daemon_threads = True
Server(("", 2525), Session).serve_forever()
PYTHON
}

report() { # Reads the bounces in a folder.
  cat <<'PYTHON'
import email, pathlib, sys
types, found = set(), {}
for each in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    whole = email.message_from_bytes(each.read_bytes())
    types.add(whole.get_content_type())
    for part in whole.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in part.get_payload():
                words = (block.get("Diagnostic-Code") or "").partition(";")[2].strip()
                if block.get("Final-Recipient"):
                    found[block["Final-Recipient"].partition(";")[2].strip()] = (" ".join(words.split()), block.get("Status"))
print(*sorted(types))
for who, (words, status) in sorted(found.items()): print(f"{who} | {words} | {status}")
PYTHON
}

configure_exim() {
  cat > /tmp/exim.conf <<'CONF'
primary_hostname = mx.near.example
begin routers
all:
  driver = manualroute
  domains = *
  transport = next
  route_list = * 127.0.0.1
  self = send
begin transports
next:
  driver = smtp
  port = 2525
  allow_localhost = yes
CONF
}
send_exim() { exim4 -C /tmp/exim.conf -odi -f bounces@near.example "$1"; }
configure_opensmtpd() {
  cat > /etc/smtpd.conf <<'CONF'
listen on lo
action "next" relay host smtp://127.0.0.1:2525
match from any for any action "next"
CONF
  smtpd -d > /tmp/smtpd.log 2>&1 &
  for _ in $(seq 50); do smtpctl show stats >/dev/null 2>&1 && break; sleep 0.2; done
}
send_opensmtpd() { smtpctl sendmail -f bounces@near.example "$1" 2>/dev/null || sendmail -f bounces@near.example "$1"; }
configure_postfix() {
  postconf -e "relayhost=[127.0.0.1]:2525" "myhostname=mx.near.example" "inet_interfaces=loopback-only" "mydestination=" "smtp_host_lookup=native" "maillog_file=/dev/stdout" "maillog_file_prefixes=/dev,/tmp,/var"
  postfix start > /tmp/postfix.log 2>&1
}
send_postfix() { sendmail -f bounces@near.example "$1"; }
configure_sendmail() {
  cat > /tmp/my.mc <<'CONF'
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h 2525')dnl
define(`confSERVICE_SWITCH_FILE', `/tmp/switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDOMAIN_NAME', `mx.near.example')dnl
FEATURE(`nocanonify')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
CONF
  echo 'hosts files' > /tmp/switch
  m4 /tmp/my.mc > /etc/mail/sendmail.cf; mkdir -p /var/spool/mqueue /var/lib/sendmail/host_status; cp /etc/mail/sendmail.cf /tmp/my.cf
}
send_sendmail() { /usr/sbin/sendmail -C /tmp/my.cf -odi -f bounces@near.example "$1"; }

inside() { # Runs in the overlay, in namespaces of its own.
  local server=$1
  ip address add 192.0.2.1/32 dev lo; ip address add 192.0.2.2/32 dev lo
  local package=${packages[$server]%% *}
  dpkg-query --show --showformat '${Package} ${Version}' "$package" | sed 's/-[^-]*$//'
  echo
  mkdir -p /tmp/bounces
  next_server > /tmp/next.py; report > /tmp/report.py
  /usr/bin/python3 /tmp/next.py /tmp/bounces &
  for _ in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/2525) 2>/dev/null && break; sleep 0.1; done
  printf "127.0.0.1 localhost mx.near.example %s\n192.0.2.1 far.example\n192.0.2.2 near.example\n" "$(hostname)" > /etc/hosts
  echo "hosts: files" > /etc/nsswitch.conf.new; grep -v ^hosts: /etc/nsswitch.conf >> /etc/nsswitch.conf.new; mv /etc/nsswitch.conf.new /etc/nsswitch.conf
  "configure_$server"
  for who in a b c d; do
    # Exim and Sendmail print each refusal too.
    printf 'From: bounces@near.example\nTo: %s@far.example\nSubject: test\n\nHello.\n' $who | "send_$server" "$who@far.example" >/dev/null 2>&1 || true
  done
  for _ in $(seq 150); do [ "$(ls /tmp/bounces | wc -l)" -ge 4 ] && break; sleep 0.2; done
  /usr/bin/python3 /tmp/report.py /tmp/bounces
}

if [ "${1:-}" = inside ]; then inside "$2"; exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for server in exim opensmtpd postfix sendmail; do
  "$(dirname "$0")/lib/in-overlay" "$work" "${packages[$server]}" "$0" inside "$server" > "$work/seen" ||
    { cat "$work/seen"; exit 1; }
  cat "$work/seen"
  diff <(expected "$server") "$work/seen" || { echo "$server: changed"; exit 1; }
done
echo "as seen before"
