import { openChromium } from "../harness/engines";
import { keepPromises } from "../harness/promises";

keepPromises(openChromium);
