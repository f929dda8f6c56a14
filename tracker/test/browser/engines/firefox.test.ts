import { openFirefox } from "../harness/engines";
import { keepPromises } from "../harness/promises";

keepPromises(openFirefox);
