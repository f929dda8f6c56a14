/** Tells Milepost of every new and changed Account. */
trigger MilepostAccount on Account(after insert, after update) {
    String eventKey = Trigger.isInsert ? 'sf-account-created' : 'sf-account-updated';
    MilepostEvents.send(eventKey, 'Id', Trigger.new);
}
