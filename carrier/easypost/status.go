package easypost

import "holdfast/order"

// meaning is what a status says about a package: a node or a mark.
type meaning struct {
	Node order.Node
	Mark order.Mark
}

// byDetail has the status details that are more specific than the status itself, or differ from it.
// They apply with any status.
var byDetail = map[string]meaning{
	"received_at_origin_facility": {Node: order.NodeLeftWarehouse},
	"delayed":                     {Mark: order.MarkDelayed},
	"weather_delay":               {Mark: order.MarkDelayed},
	"missorted":                   {Mark: order.MarkDelayed},
	"held":                        {Mark: order.MarkDelayed},
	"transit_exception":           {Mark: order.MarkDelayed},
	"delivery_exception":          {Mark: order.MarkDeliveryFailed},
	"address_correction":          {Mark: order.MarkDeliveryFailed},
	"arrived_at_pickup_location":  {Mark: order.MarkReadyForPickup},
	"refused":                     {Mark: order.MarkRefused},
	"lost":                        {Mark: order.MarkLost},
	"damaged":                     {Mark: order.MarkDamaged},
	"return":                      {Mark: order.MarkReturnedToSender},
}

var byStatus = map[string]meaning{
	"in_transit":           {Node: order.NodeInTransit},
	"out_for_delivery":     {Node: order.NodeOutForDelivery},
	"delivered":            {Node: order.NodeDelivered},
	"available_for_pickup": {Mark: order.MarkReadyForPickup},
	"return_to_sender":     {Mark: order.MarkReturnedToSender},
	"failure":              {Mark: order.MarkDeliveryFailed},
}

// silent statuses say nothing about where a parcel is: a label was created or cancelled, or the
// service has no news.
var silent = map[string]bool{"unknown": true, "pre_transit": true, "cancelled": true, "error": true}

// meaningOf returns what a status says, and whether it says anything. Unknown statuses, which EasyPost
// may add, say nothing.
func meaningOf(status, detail string) (meaning, bool) {
	if silent[status] {
		return meaning{}, false
	}
	said, known := byStatus[status]
	if status == "delivered" || status == "return_to_sender" { // the detail only says why, or what came before
		return said, true
	}
	if closer, ok := byDetail[detail]; ok && known {
		return closer, true
	}
	return said, known
}
