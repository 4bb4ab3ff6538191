#include "mockcluster/tcp/connection.h"

#include <utility>

#include "mockcluster/control/control.h"
#include "mockcluster/wire/reply_writer.h"

namespace mockcluster::inline v0 {

Connection::Connection(Cluster& cluster, ClientId client, std::unique_ptr<ClientStream> stream,
                       Owner& owner)
    : cluster_(cluster), client_(client), stream_(std::move(stream)), owner_(owner) {}

void Connection::Start() {
  stream_->Handshake([self = shared_from_this()](std::error_code error) {
    if (error) return self->Close();
    if (self->cluster_.Greet(self->client_, &self->output_) == Delivery::kReplied) {
      return self->Read();
    }
    self->writing_ = true;
    self->Write(/*close_after=*/true);
  });
}

void Connection::Read() {
  auto self = shared_from_this();
  stream_->Read(asio::buffer(input_), [self](std::error_code error, size_t bytes) {
    if (error) return self->Close();
    self->requests_.Feed({self->input_.data(), bytes});
    self->ExecuteInTime();
  });
}

void Connection::ExecuteInTime() {
  const int64_t delay_ms = cluster_.ReplyDelayOf(client_);
  if (delay_ms == 0) return Execute();
  delayed_ = true;
  owner_.CallAfter(std::chrono::milliseconds(delay_ms), [self = shared_from_this()] {
    self->delayed_ = false;
    if (self->closed_) return;
    if (self->cluster_.IsOpen(self->client_)) return self->Execute();
    self->Close();
  });
}

void Connection::Execute() {
  owner_.BeforeCommands();
  Delivery delivery = Delivery::kReplied;
  if (stalled_) delivery = ExecuteOne();
  while (delivery == Delivery::kReplied) {
    RequestParser::Outcome outcome = requests_.Next();
    if (outcome == RequestParser::Outcome::kNeedMore) break;
    if (outcome == RequestParser::Outcome::kInvalid) {
      ReplyWriter(&output_, RespVersion::kResp2).Error(requests_.error());
      delivery = Delivery::kClosed;
    } else if (!requests_.arguments().empty()) {
      delivery = ExecuteOne();
    }
  }
  stalled_ = delivery == Delivery::kSilent;
  if (stalled_) owner_.OnStalled(*this);
  writing_ = true;
  owner_.AfterCommands();
  Write(delivery == Delivery::kClosed);
}

Delivery Connection::ExecuteOne() {
  if (!IsControlCommand(requests_.arguments())) {
    return cluster_.Execute(client_, requests_.arguments(), &output_);
  }
  ExecuteControlCommand(cluster_, client_, requests_.arguments(), &output_);
  return cluster_.IsOpen(client_) ? Delivery::kReplied : Delivery::kClosed;
}

void Connection::Write(bool close_after) {
  auto self = shared_from_this();
  stream_->Write(asio::buffer(output_), [self, close_after](std::error_code error, size_t) {
    self->output_.clear();
    self->writing_ = false;
    if (error || close_after || !self->cluster_.IsOpen(self->client_)) return self->Close();
    // A node that hangs reads no more until Resume().
    self->stalled_ ? self->Resume() : self->Read();
  });
}

void Connection::Resume() {
  if (stalled_ && !writing_ && !closed_ && cluster_.Answers(client_)) Execute();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  stream_->Close();
  cluster_.Disconnect(client_);
  owner_.OnClosed(*this);
}

void Connection::CloseIfDead() {
  if (!writing_ && !delayed_ && !cluster_.IsOpen(client_)) Close();
}

}  // namespace mockcluster::inline v0
