# SPDX-License-Identifier: Apache-2.0
# A wstap capture: a stream of Record messages in Cap'n Proto's standard framing. The specification is
# wstap-capture(5). Fields are only ever added; numbers are never used again.
@0xb7a3e1c95d204f68;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("wstap::formats::wire");

struct Record {
  union {
    header @0 :Header;          # first of every part; begins a section in which flow numbers are unique
    flowOpen @1 :FlowOpen;
    burst :group {              # the whole frames of one read, in one direction of one flow
      flow @2 :UInt32;
      firstSequence @3 :UInt64; # of the first frame; the others follow without a gap
      time @4 :Int64;           # when they were read, UNIX nanoseconds
      direction @5 :Direction;
      ends @6 :List(UInt32);    # where in raw each frame ends; left out: one frame that fills raw
      raw @7 :Data;             # the wire bytes end to end
      marks @8 :List(Mark);     # only for frames with something to say, in ascending order
    }
    outcome @9 :Outcome;
    flowUpdate @10 :FlowUpdate;
    flowClose @11 :FlowClose;
    connection @12 :Connection;
    window @13 :Window;
    note @14 :Note;
    gap @15 :Gap;
  }
}

enum Direction { send @0; receive @1; }

enum Verdict {
  forwarded @0; changed @1; dropped @2; blocked @3; swallowed @4;
  injected @5; synthetic @6; truncated @7; pending @8; unresolved @9;
}

enum FlowState { active @0; complete @1; error @2; }
enum Party { none @0; client @1; server @2; proxy @3; }
enum ConnectionKind { refused @0; failed @1; opaque @2; blocked @3; }

struct Header {
  magic @0 :Text;          # "wstap capture"
  version @1 :UInt16;      # of this format: 1
  captureId @2 :Data;      # 16 random bytes, the same in all parts
  part @3 :UInt32;         # from 1
  tool @4 :Text;           # "wstap 0.1.0"
  time @5 :Int64;          # when the part begins
  options @6 :List(Text);  # what the proxy was told
}

struct Mark {
  frame @0 :UInt32;        # index in the burst
  verdict @1 :Verdict;
  cause @2 :Text;
  hasSent @3 :Bool;        # sent is what left instead of the frame
  sent @4 :Data;
  tags @5 :List(Text);
  hasContent @6 :Bool;     # content is what its message says, inflated: on the last frame of a message that
  content @7 :Data;        # cannot be read from raw, because frames are missing, cut or withheld
  contentBytes @8 :UInt64; # how long it is in all
  anomalies @9 :List(Text); # of the payload, where raw and content do not show them
  logged @10 :List(Text);   # ids of rules that matched and only say so
  withheld @11 :Bool;       # raw has the header alone: rules look into the message, see content of its last frame
  redacted @12 :List(Text); # ids of rules that replaced something in content
  # Of a frame that was held, in a copy of a recording: verdict and cause are the last ones there.
  heldBy @13 :Text;         # ids of rules, with commas between
  decidedBy @14 :Text;      # as in an outcome
  heldNs @15 :Int64;        # how long
}

struct Outcome {           # what became of a frame that was recorded as pending; pending again: held from here on
  flow @0 :UInt32;
  sequence @1 :UInt64;
  time @2 :Int64;
  verdict @3 :Verdict;
  cause @4 :Text;
  hasSent @5 :Bool;
  sent @6 :Data;
  tags @7 :List(Text);     # that became known with it
  logged @8 :List(Text);
  decidedBy @9 :Text;       # of one that was held: a reviewer, "timeout", "shutdown", "gone", "message_dropped"
}

struct Certificate {
  subject @0 :Text;
  issuer @1 :Text;
  notBefore @2 :Int64;
  notAfter @3 :Int64;
  sha256 @4 :Text;
  names @5 :List(Text);
}

struct Tls {
  version @0 :Text;
  cipher @1 :Text;
  alpn @2 :Text;
  sni @3 :Text;
  ja3 @4 :Text;
  ja4 @5 :Text;
  certificate @6 :Certificate;
}

struct Leg {
  address @0 :Text;
  httpVersion @1 :Text;
  tls @2 :Tls;
}

struct Facts {
  url @0 :Text;
  client @1 :Leg;
  server @2 :Leg;
  requestHead @3 :Data;
  responseHead @4 :Data;
}

struct LaneState {         # where a direction stands when a part begins in the middle of a flow
  frames @0 :UInt64;
  bytes @1 :UInt64;
  messageOpen @2 :Bool;
  messageCompressed @3 :Bool;
  closed @4 :Bool;
  messageOpcode @5 :UInt8;
  messageFirst @6 :UInt64;
  messageBytes @7 :UInt64;
}

struct FlowOpen {
  flow @0 :UInt32;
  time @1 :Int64;
  facts @2 :Facts;
  subprotocol @3 :Text;
  extensions @4 :Text;
  anomalies @5 :List(Text);
  nextSequence @6 :UInt64;
  resumed @7 :List(LaneState);  # send, receive; only when the flow began in an earlier part
}

struct FlowUpdate {        # something became known of an open flow
  flow @0 :UInt32;
  time @1 :Int64;
  text @2 :Text;
}

struct LaneEnd {
  frames @0 :UInt64;
  bytes @1 :UInt64;
  unfinished @2 :Data;     # received bytes that were no whole frame
  isUndelivered @3 :Bool;
  undeliveredFrom @4 :UInt64;
}

struct FlowClose {
  flow @0 :UInt32;
  time @1 :Int64;
  state @2 :FlowState;
  reason @3 :Text;
  detail @4 :Text;
  offset @5 :UInt64;
  began @6 :Party;
  closeCode @7 :UInt16;
  closeReason @8 :Data;
  send @9 :LaneEnd;
  receive @10 :LaneEnd;
  notes @11 :List(Text);
}

struct Connection {        # what concerned a WebSocket but never became one
  id @0 :UInt32;
  start @1 :Int64;
  end @2 :Int64;
  kind @3 :ConnectionKind;
  facts @4 :Facts;
  reason @5 :Text;
  bytesSent @6 :UInt64;
  bytesReceived @7 :UInt64;
}

struct Window {            # the inflate window of a direction, where a part begins inside a compressed flow
  flow @0 :UInt32;
  direction @1 :Direction;
  bytes @2 :Data;
}

enum Unread { nothing @0; inflateLimited @1; opaque @2; needsPart @3; }

struct Gap {               # frames of a direction were left out before this
  flow @0 :UInt32;
  direction @1 :Direction;
  lane @2 :LaneState;      # where the direction stands behind them, but for frames and bytes
  unread @3 :Unread;       # what compressed messages read that refer to what was left out; nothing: none do
}

struct Note {
  flow @0 :UInt32;         # 0: of the whole capture
  time @1 :Int64;
  text @2 :Text;
}
