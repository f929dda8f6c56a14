/** Tells Milepost of every new and changed Opportunity, as something that happened to its Account. */
trigger MilepostOpportunity on Opportunity(after insert, after update) {
    String eventKey = Trigger.isInsert ? 'sf-opportunity-created' : 'sf-opportunity-updated';
    MilepostEvents.send(eventKey, 'AccountId', Trigger.new);
}
