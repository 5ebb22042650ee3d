#include "run/ports.hpp"

#include <utility>

#include "op/text.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {

Ports::Ports() = default;
Ports::~Ports() = default;
Ports::Ports(Ports&&) noexcept = default;
Ports& Ports::operator=(Ports&&) noexcept = default;

Ports Ports::resolve(const graph::RingDescription& ring, const Options& options) {
  Ports ports;
  ports.ingress.id = ring.boundaries[ring.ingress].id;
  ports.egress.id = ring.boundaries[ring.egress].id;
  for (const PortOptions& asked : options.ports) {
    if (asked.id == ports.ingress.id) {
      if (asked.port == abi::PortCode::kDiscard)
        throw OpenError("PORT_KIND", "ingress " + asked.id + " cannot be discarded; only an egress can");
      ports.ingress = asked;
    } else if (asked.id == ports.egress.id) {
      ports.egress = asked;
    } else {
      throw OpenError("PORT_UNKNOWN", "the plan has no boundary " + asked.id + "; it has " + ports.ingress.id +
                                          " (ingress) and " + ports.egress.id + " (egress)");
    }
  }
  return ports;
}

bool Ports::is_js(const std::string& id) const noexcept {
  return (id == ingress.id && ingress.port == abi::PortCode::kJs) ||
         (id == egress.id && egress.port == abi::PortCode::kJs);
}

void Ports::open(graph::RingGraph&, const op::KeyReader*, core::FailureReporter&) {}

core::Agent* Ports::source() noexcept { return source_.get(); }
core::Agent* Ports::sink() noexcept { return sink_.get(); }

std::size_t Ports::descriptors_on(const graph::Placement& placement, std::uint32_t thread) const noexcept {
  std::size_t count = 0;
  if (source_ != nullptr && placement.ingress_thread == thread) ++count;
  if (sink_ != nullptr && placement.egress_thread == thread) ++count;
  return count;
}

void Ports::finish() noexcept {}

void Ports::describe(std::string& text) const { text += "{}"; }

}  // namespace byteor::run
