# SPDX-License-Identifier: Apache-2.0
# What is said over a proxy's control socket: a client sends Requests, the proxy Replies, each of them one message
# in Cap'n Proto's standard framing (segment table, then segments), one behind the other on a Unix stream socket.
#
#   client                                proxy
#   (serial 1) hello                  ->
#                                     <-  (serial 1) welcome
#   (serial 2) watch                  ->
#                                     <-  (serial 0) held        for each item that waits already
#                                     <-  (serial 2) caught      these were all
#                                     <-  (serial 0) held        another one
#   (serial 3) decide                 ->
#                                     <-  (serial 3) answer
#                                     <-  (serial 0) settled
#
# A reply carries the serial of what it answers; 0 is for what was watched for, so clients count from 1. Requests
# are taken in their order, answers come as they are ready. A request is at most 72 MiB long, a hello 64 KiB, a
# reply 160 MiB; a message that is longer, or not of this schema, ends the connection after a refusal.
#
# Evolution: fields and members of unions are only ever added; numbers are never used again. A kind of request
# that a proxy does not know is refused and the connection goes on; a kind of event that a client does not know
# is to be passed over. What older programs would misunderstand gets another version in Hello.
@0xd1c6a0f58b3e7294;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("wstap::formats::control_wire");

struct Request {
  serial @0 :UInt32;       # comes back in what answers it
  union {
    unknown @1 :Void;      # of a later version, or nothing at all
    hello @2 :Hello;       # first of a connection, within 5 seconds; answered by welcome
    list @3 :List;         # items that wait for a decision; answered by items
    watch @4 :Void;        # once: from now on held and settled arrive
    decide @5 :Review;     # answered by answer
    inject @6 :Inject;     # answered by answer
    flows @7 :Void;        # answered by flows
    rules @8 :AskRules;    # answered by rules
    stats @9 :Void;        # answered by stats
  }

  struct List {
    one @0 :Bool;          # only this one, if it waits; else all of them, oldest first
    id @1 :HeldId;
  }
}

struct Reply {
  serial @0 :UInt32;
  union {
    unknown @1 :Void;      # of a later version
    welcome @2 :Welcome;
    items @3 :Items;
    held @4 :HeldItem;     # it waits for a decision
    settled @5 :Settled;   # it waits no longer. An item that came and went before a slow client was told of it
                           # is not told of at all
    caught @6 :Void;       # all that waited when the watch began was told; answers watch
    answer @7 :Answer;
    flows @8 :List(Flow);
    rules @9 :Rules;
    stats @10 :Stats;
    refusal @11 :Refusal;
  }
}

struct Hello {
  version @0 :UInt16;      # of this protocol: 1. Another one is refused
  name @1 :Text;           # by which other reviewers and the capture know who decided; up to 64 bytes
}

struct Welcome {
  version @0 :UInt16;
  pid @1 :UInt32;
  program @2 :Text;        # "wstap 0.1.0"
}

struct HeldId {            # written FLOW:SEQ
  flow @0 :UInt32;
  sequence @1 :UInt64;
}

enum Direction { send @0; receive @1; }   # client to server, server to client
enum OnTimeout { release @0; drop @1; }
enum Inflation { none @0; done @1; limited @2; opaque @3; needsPart @4; }

struct FrameHeader {       # as it came, RFC 6455 5.2
  fin @0 :Bool;
  masked @1 :Bool;
  rsv @2 :UInt8;           # RSV1=4, RSV2=2, RSV3=1
  opcode @3 :UInt8;
  length @4 :UInt8;        # of the header itself, 2 to 14
  mask @5 :UInt32;         # as written, the first byte the highest
  payloadLength @6 :UInt64;
}

struct HeldItem {
  id @0 :HeldId;
  direction @1 :Direction;
  opcode @2 :UInt8;        # of the frame, or of its message where that is held as one
  first @3 :UInt64;        # sequence of the first frame that is held with it; mostly its own
  upgradeUrl @4 :Text;
  header @5 :FrameHeader;
  compressed @6 :Bool;     # permessage-deflate: payload is inflated, as far as inflation says
  inflation @7 :Inflation; # limited, opaque, needsPart: payload is as on the wire
  whole @8 :Bool;          # payload is all that will leave or not; false: as far as the message came
  payload @9 :Data;        # what it says, unmasked
  raw @10 :Data;           # the frame's bytes as on the wire
  rules @11 :List(Text);   # ids of those that hold it
  tags @12 :List(Text);
  since @13 :Int64;        # UNIX nanoseconds
  expires @14 :Int64;      # when onTimeout is done with it
  onTimeout @15 :OnTimeout;
}

struct Items {
  items @0 :List(HeldItem);
  more @1 :Bool;           # others follow in another reply of the same serial
}

struct Settled {
  id @0 :HeldId;
  how @1 :Text;            # "release", "drop", "modify_and_forward", "send_raw"
  by @2 :Text;             # a reviewer's name, "timeout", "shutdown", ...
}

enum Action { release @0; drop @1; modify @2; sendRaw @3; }

struct Review {            # what somebody decides about an item; the first decision counts
  id @0 :HeldId;
  action @1 :Action;
  by @2 :Text;             # who; left out: the name of hello
  hasBody @3 :Bool;        # of modify, as all down to closeReason: what is not given stays as it was
  body @4 :Data;
  hasOpcode @5 :Bool;
  opcode @6 :UInt8;
  hasFin @7 :Bool;
  fin @8 :Bool;
  hasCloseCode @9 :Bool;
  closeCode @10 :UInt16;
  hasCloseReason @11 :Bool;
  closeReason @12 :Data;   # UTF-8, unless an invalid one is what is wanted
  raw @13 :Data;           # of sendRaw: what leaves in its place, byte for byte
}

struct Inject {            # a frame to be put among those of a flow
  flow @0 :UInt32;
  direction @1 :Direction;
  opcode @2 :UInt8;
  payload @3 :Data;        # unmasked, uncompressed
  hasAfter @4 :Bool;       # behind this item; else before whatever waits
  after @5 :HeldId;
  by @6 :Text;
}

enum Result { ok @0; late @1; refused @2; }

struct Answer {
  result @0 :Result;       # late: it is decided already, or unknown; refused: it cannot be done, and still waits
  by @1 :Text;             # of late: who was first: a reviewer's name, "timeout", "gone"
  reason @2 :Text;         # of late and refused
}

struct Flow {
  id @0 :UInt32;
  url @1 :Text;
  client @2 :Text;         # addresses
  server @3 :Text;
  since @4 :Int64;
  framesSent @5 :UInt64;   # by the client
  framesReceived @6 :UInt64;
  bytesSent @7 :UInt64;
  bytesReceived @8 :UInt64;
  held @9 :UInt64;         # items that wait for a decision
  waiting @10 :UInt64;     # frames that wait, those among them
}

struct AskRules {          # no request changes a rule, or turns one off
  reload @0 :Bool;         # the proxy reads its own file again, and refuses one by which safety would be weaker
}

struct Rules {
  path @0 :Text;           # empty: there is no rules file
  version @1 :UInt64;      # how often rules were put in force
  rules @2 :List(Text);    # "hold:transfers", "safety:no-drop-table", in their order
  refused @3 :Text;        # not empty: why the file was not taken; the old rules stay
}

struct Stats {
  flows @0 :UInt64;
  frames @1 :UInt64;
  bytes @2 :UInt64;
  framesUnmasked @3 :UInt64;
  bytesInflated @4 :UInt64;
  heldNow @5 :UInt64;
  waitingFrames @6 :UInt64;
  waitingBytes @7 :UInt64;
  held @8 :UInt64;         # since the proxy started, as those that follow
  released @9 :UInt64;
  dropped @10 :UInt64;
  modified @11 :UInt64;
  timedOut @12 :UInt64;
  turnedAway @13 :UInt64;  # matched, and passed or were dropped because the queue was full
}

struct Refusal {           # the request could not be understood, or not now; the connection goes on where it can
  reason @0 :Text;
}
