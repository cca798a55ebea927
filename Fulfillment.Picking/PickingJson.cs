using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Picking.DeadLetters;
using Fulfillment.Picking.Floor;
using Fulfillment.Picking.Replay;
using Fulfillment.Picking.Toggle;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;

namespace Fulfillment.Picking;

/// <summary>
/// Source-generated JSON of Picking's own API. An unknown field is a misunderstanding and is refused.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(NextTourRequest))]
[JsonSerializable(typeof(FloorTour))]
[JsonSerializable(typeof(ConfirmRequest))]
[JsonSerializable(typeof(ConfirmAnswer))]
[JsonSerializable(typeof(DoneRequest))]
[JsonSerializable(typeof(DoneAnswer))]
[JsonSerializable(typeof(TourView))]
[JsonSerializable(typeof(Backlog))]
[JsonSerializable(typeof(IReadOnlyList<SlotRequest>))]
[JsonSerializable(typeof(SlotsPut))]
[JsonSerializable(typeof(SlotList))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(ToggleRequest))]
[JsonSerializable(typeof(ToggleView))]
[JsonSerializable(typeof(PlanReplay))]
internal sealed partial class PickingJson : JsonSerializerContext;
