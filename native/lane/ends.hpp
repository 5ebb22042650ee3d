// Roles between lanes of one kind, which is nearly all of them, call the classes of their lanes' ends, and those calls
// are inlined. Other roles (behind a journal's files, or from one kind of lane into another) call through Inlet and
// Outlet. Control path.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "lane/endpoint.hpp"
#include "lane/framed_reader.hpp"
#include "lane/framed_writer.hpp"
#include "lane/merge_role.hpp"
#include "lane/role.hpp"
#include "lane/slots_reader.hpp"
#include "lane/slots_writer.hpp"
#include "lane/stage_role.hpp"

namespace byteor::lane {

// Answers visitor.template operator()<In, Out>() with the classes of the context's ends.
template <class Visitor>
decltype(auto) visit_ends(const RoleContext& context, Visitor&& visitor) {
  const auto all = [&](EndKind kind) {
    return std::ranges::all_of(context.inlets, [&](const InletEnd& end) { return end.inlet->kind() == kind; }) &&
           std::ranges::all_of(context.outlets, [&](const OutletEnd& end) { return end.outlet->kind() == kind; });
  };
  if (all(EndKind::kFramed)) return visitor.template operator()<FramedReader, FramedWriter>();
  if (all(EndKind::kSlots)) return visitor.template operator()<SlotsReader, SlotsWriter>();
  return visitor.template operator()<Inlet, Outlet>();
}

// `op` outlives the role.
template <class Op>
std::unique_ptr<Role> make_stage_role(RoleContext context, Op& op) {
  return visit_ends(context, [&]<class In, class Out>() -> std::unique_ptr<Role> {
    return std::make_unique<StageRole<Op, In, Out>>(std::move(context), op);
  });
}

inline std::unique_ptr<Role> make_merge_role(RoleContext context) {
  return visit_ends(context, [&]<class In, class Out>() -> std::unique_ptr<Role> {
    return std::make_unique<MergeRole<In, Out>>(std::move(context));
  });
}

}  // namespace byteor::lane
